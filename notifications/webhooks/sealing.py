"""How the secrets of an endpoint are sealed."""

from typing import Literal
from uuid import UUID

from core.crypto.vault import Vault

TABLE = "webhook_endpoint"
Column = Literal["secret", "earlier"]


def sealed_cell(vault: Vault, endpoint_id: UUID, column: Column, secret: str) -> bytes:
    """A secret as its cell holds it."""
    return vault.seal(table=TABLE, column=column, owner=f"webhook:{endpoint_id}", text=secret)


def opened(vault: Vault, endpoint_id: UUID, column: Column, cell: bytes) -> str:
    """The secret of a cell."""
    return vault.open(table=TABLE, column=column, owner=f"webhook:{endpoint_id}", sealed=bytes(cell))
