"""What one web process holds, made once by `app.wiring` and found by every edge in the same place."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.pagination import Cursors


@dataclass(frozen=True)
class Runtime:
    """Settings, the database and the keys of one process."""

    settings: Settings
    db: Database
    vault: Vault
    token_keys: TokenKeys
    cursors: Cursors
    schema: str = ""
    """The revision of the database that this code needs; empty asks for none."""


async def runtime_of(request: Request) -> Runtime:
    """The process's runtime."""
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(runtime_of)]
