"""On which days of which accounts the rounds are to look: those whose readings changed, and those that are expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.db import WriteSession, statement
from services.metering.models import Look


@dataclass(frozen=True, slots=True)
class Span:
    """Days of an account, both included."""

    account_id: int
    first: date
    last: date


def claim_due(session: WriteSession, *, look: Look, last: date, most: int) -> list[Span]:
    """Accounts, by their ids, of which days up to `last` are to be looked at: of up to `most` notes, the longest first.

    The notes are gone with the transaction, and only with it. What of a span lies behind `last` is to be noted anew.
    """
    rows = session.sql(statement(__package__, "due_claim.sql"), look=look.value, last=last, most=most)
    return [Span(row.account_id, row.first_day, row.last_day) for row in rows]


def note_due(session: WriteSession, *, look: Look, spans: Sequence[Span]) -> None:
    """Have a round look at these days. Noted twice, they are looked at once or twice: it makes no difference."""
    if spans:
        session.sql(
            """insert into reading_due (look, account_id, first_day, last_day)
               select :look, s.account_id, s.first_day, s.last_day
               from unnest(cast(:accounts as bigint[]), cast(:firsts as date[]), cast(:lasts as date[]))
                 s (account_id, first_day, last_day)""",
            look=look.value,
            **columns(spans),
        )


def columns(spans: Sequence[Span]) -> dict[str, object]:
    """Spans as statements take them."""
    return {
        "accounts": [each.account_id for each in spans],
        "firsts": [each.first for each in spans],
        "lasts": [each.last for each in spans],
    }
