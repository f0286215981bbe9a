"""One sandbox per module; every test has its own database, household and orders."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.embedded import free_port
from sandbox import credentials
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import payments as make
from tests.support.sandbox import SandboxProcess


@pytest.fixture(scope="module")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox process."""
    started = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield started
    started.stop()


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The sandbox, honest at the start of each test."""
    running_sandbox.clear_faults()
    yield running_sandbox
    running_sandbox.clear_faults()


@pytest.fixture
def wechat(sandbox: SandboxProcess) -> Iterator[WeChatPay]:
    """Our adapter against the sandbox, joined with bills. Callbacks go nowhere."""
    yield make.fill(make.provider(sandbox.base_url, make.merchant(sandbox.credentials["wechat_pay"])))
    make.close_clients()


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A merchant's credentials at a provider that need not run."""
    home = tmp_path_factory.mktemp("platform")
    credentials.init(home)
    made: dict[str, Any] = json.loads((home / "credentials.json").read_text(encoding="utf-8"))["wechat_pay"]
    return made


@pytest.fixture
def offline(given: dict[str, Any]) -> Iterator[WeChatPay]:
    """Our adapter with no provider behind it: for what calls nobody."""
    yield make.fill(make.provider(f"http://127.0.0.1:{free_port()}", make.merchant(given)))
    make.close_clients()
