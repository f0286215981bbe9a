"""What must hold of usage, whoever wrote it."""

from dataclasses import dataclass
from datetime import date

from core.db import ReadSession, statement, view


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant of an account's usage."""

    rule: str
    account_id: int
    detail: str


def invariants(
    session: ReadSession, *, first_account: int, last_account: int, limit: int = 100, readings_since: date | None = None
) -> list[Violation]:
    """Breaches in a range of accounts.

    Days sum to months, periods to energies, and days are what was read; costs have their parts, and rest on what was
    used before them. Readings are compared since the first of a month, that of the month before this one when absent:
    they are many.
    """
    rows = session.sql(
        statement(__package__, "invariants.sql"),
        first_account=first_account,
        last_account=last_account,
        limit=limit,
        readings_since=readings_since,
    )
    return [view(Violation, row) for row in rows]
