"""One sandbox per module; every test has its own database, household and orders."""

from collections.abc import Iterator

import pytest

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
