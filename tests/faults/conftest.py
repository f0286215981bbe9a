"""One sandbox and one address for its notices per module; every point is disarmed after a test."""

from collections.abc import Iterator

import pytest

from core import faults
from tests.support.receiver import Receiver, receiving
from tests.support.sandbox import SandboxProcess


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox process."""
    started = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Where the provider's notices arrive; stories pass them on when their time has come."""
    with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    faults.arm(None)
