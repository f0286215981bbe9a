"""The check of the books: ledger, bills, payments and usage say the same of every account. Only reads what it judges.

Billing has it because it sees all of them. A round goes through ids in ranges, each judged in one short transaction.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog

from core import faults
from core.db import Database, ReadSession
from services.accounts import queries as accounts
from services.billing import queries
from services.ledger import operations as ledger_operations
from services.ledger import queries as ledger
from services.ledger.chart import BookId
from services.payments import queries as payments
from services.usage import queries as usage

log = structlog.get_logger(__name__)

RANGE: Final = 2_000
EVERY: Final = timedelta(hours=1)
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Breach:
    """What does not hold: the rule, whom it concerns (`book 12`, `account 7`, None for the house), what was found."""

    rule: str
    subject: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    last: Callable[[ReadSession], int]
    breaches: Callable[[ReadSession, int, int], list[Breach]]


def check_next(db: Database, *, now: datetime, most_ranges: int, budget_s: int = 20) -> int:
    """Judge the next ranges of every check whose round is due, in turns; answers how many it did.

    At most `most_ranges` of each, and none is begun after `budget_s` seconds. A check whose range takes longer than a
    statement may leaves the others theirs. A round begins at most once in `EVERY`. Breaches are logged as errors and
    counted in the ledger's `ledger_check`.
    """
    stop = time.monotonic() + budget_s
    done = 0
    due = list(CHECKS)
    for _ in range(most_ranges):
        due = [check for check in due if time.monotonic() < stop and _judged(db, check, now=now)]
        done += len(due)
        if not due:
            break
    return done


def _judged(db: Database, check: _Check, *, now: datetime) -> bool:
    try:
        return _judge_next(db, check, now=now)
    except sa.exc.OperationalError:
        log.exception("check_failed", check=check.name)
        return False


def check_all(db: Database, *, told: Callable[[int, int], None]) -> Iterator[Breach]:
    """Every breach there is, at most `MOST` per range, now; `told` hears how many parts of how many are done.

    Also what can only be judged as a whole: the roll-up, claims, suspense.
    """
    with db.read() as session:
        ranges = [(check, first) for check in CHECKS for first in range(1, max(check.last(session), 1) + 1, RANGE)]
    for done, (check, first) in enumerate(ranges, 1):
        with db.read() as session:
            yield from check.breaches(session, first, first + RANGE - 1)
        told(done, len(ranges) + 1)
    with db.read() as session:
        yield from (_of_book(each) for each in ledger.check_rollup(session, limit=MOST))
        yield from (_of_account(each) for each in payments.check_claims(session, limit=MOST))
    told(len(ranges) + 1, len(ranges) + 1)


def _judge_next(db: Database, check: _Check, *, now: datetime) -> bool:
    faults.point("billing.check.before_range")
    with db.write() as session:
        first = ledger_operations.take_check(session, name=check.name, every=EVERY, now=now)
        if first is None:
            return False
        found = check.breaches(session, first, first + RANGE - 1)
        next_from = first + RANGE if first + RANGE <= check.last(session) else None
        ledger_operations.keep_check(session, name=check.name, next_from=next_from, found=len(found), now=now)
    faults.point("billing.check.kept")
    for breach in found:
        log.error("invariant_broken", check=check.name, rule=breach.rule, subject=breach.subject, detail=breach.detail)
    return True


def _books(session: ReadSession, first: int, last: int) -> list[Breach]:
    found = ledger.check_invariants(session, first_book=BookId(first), last_book=BookId(last), limit=MOST)
    return [_of_book(each) for each in found]


def _bills(session: ReadSession, first: int, last: int) -> list[Breach]:
    found = queries.check_invariants(session, first_account=first, last_account=last, limit=MOST)
    return [_of_account(each) for each in found]


def _payments(session: ReadSession, first: int, last: int) -> list[Breach]:
    found = payments.check_invariants(session, first_account=first, last_account=last, limit=MOST)
    return [_of_account(each) for each in found]


def _usage(session: ReadSession, first: int, last: int) -> list[Breach]:
    found = usage.invariants(session, first_account=first, last_account=last, limit=MOST)
    return [Breach(each.rule, f"account {each.account_id}", each.detail) for each in found]


def _of_book(found: ledger.Violation) -> Breach:
    return Breach(found.rule, None if found.book_id is None else f"book {found.book_id}", found.detail)


def _of_account(found: queries.Violation | payments.Violation) -> Breach:
    return Breach(found.rule, None if found.account_id is None else f"account {found.account_id}", found.detail)


CHECKS: Final = (
    _Check("ledger", ledger.last_book, _books),
    _Check("bills", accounts.last_account, _bills),
    _Check("payments", accounts.last_account, _payments),
    _Check("usage", accounts.last_account, _usage),
)
