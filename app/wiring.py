"""Picks adapters, fills every port's slot and subscribes handlers: the only place that does.

The web, the worker, the relay and the command line call `build` once per process, so all of them run the same parts.
"""

from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.pagination import Cursors
from core.registry import Slot, UnfilledSlot
from web.runtime import Runtime


def build(settings: Settings) -> Runtime:
    """Make the process's runtime; raises UnfilledSlot when a port has no adapter."""
    vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
    runtime = Runtime(
        settings=settings,
        db=Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.database_pool_size,
            hot_pool_size=settings.database_hot_pool_size,
            deadline_s=settings.database_deadline_s,
        ),
        vault=vault,
        token_keys=TokenKeys(
            settings.token_keys.get_secret_value(), issuer=settings.public_url, audience=settings.public_url
        ),
        cursors=Cursors(vault.subkey("cursors")),
    )
    if missing := Slot.unfilled():
        raise UnfilledSlot(", ".join(missing))
    return runtime
