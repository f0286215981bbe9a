"""What staff find of customers and accounts, and what they write about them; nothing outside of where they may look."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, statement
from services.accounts.rules import Searched, searched

__all__ = ["FoundAccount", "Searched", "found_accounts", "searched"]


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account as a search shows it: whose it is, masked, and where; the telephone is masked, too."""

    account_no: str
    state: str
    account_class: str
    unit: str
    holder: str
    address: str
    phone: str | None


def found_accounts(
    session: ReadSession,
    *,
    vault: Vault,
    wanted: Searched,
    staff_id: UUID,
    after: str,
    limit: int,
    now: datetime,
) -> list[FoundAccount]:
    """Up to `limit` accounts by number behind the number `after`, of the units where one may view accounts."""
    rows = session.sql(
        statement(__package__, "found_accounts.sql"),
        staff_id=staff_id,
        number=wanted.number,
        phone=_tokens(vault, wanted.phone),
        name=_tokens(vault, wanted.name),
        address=list(wanted.address) or None,
        after=after,
        limit=limit,
        now=now,
    )
    return [FoundAccount(*tuple(row)) for row in rows]


def _tokens(vault: Vault, pairs: tuple[tuple[str, str], ...]) -> list[bytes] | None:
    return [vault.blind(kind, value) for kind, value in pairs] or None
