"""What tasks find in their process: `app` fills it before the worker starts."""

import pytest

from app import wiring
from core.config import Settings
from core.crypto.vault import Vault


@pytest.fixture
def kinds(settings: Settings, vault: Vault) -> None:
    """The kinds of requests that two people decide about."""
    wiring.fill_kinds(settings, vault)
