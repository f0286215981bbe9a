"""What must hold of usage, whoever wrote it."""

from dataclasses import dataclass

from core.db import ReadSession, statement, view


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant of an account's usage."""

    rule: str
    account_id: int
    detail: str


def invariants(session: ReadSession, *, first_account: int, last_account: int, limit: int = 100) -> list[Violation]:
    """Breaches in a range of accounts: days sum to months, periods to energies, and days are what was read."""
    rows = session.sql(
        statement(__package__, "invariants.sql"), first_account=first_account, last_account=last_account, limit=limit
    )
    return [view(Violation, row) for row in rows]
