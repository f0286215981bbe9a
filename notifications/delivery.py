"""Sending: claim a row, commit the intent, call without a transaction, write what was learned.

A message is claimed by one sender at a time, under a lease. The attempt is committed before the call and its id is
our reference at the provider, so whatever dies in between, the provider can be asked whether it has the message. Only
when it says no, after a grace period, it is sent again.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog

from core import clock
from core.db import Database, WriteSession, statement
from core.faults import point
from core.ids import uuid7
from notifications.ports import Outcome, SmsChannel, Text
from notifications.setup import Setup
from notifications.states import Finding, Source, State, Waits, next_state, wait_s
from notifications.texts import Wording
from services.accounts import queries as accounts
from services.accounts.queries import AccountId

log = structlog.get_logger(__name__)

_CLAIM_PENDING: Final = statement(__package__, "claim_pending.sql")
_CLAIM_QUESTION: Final = statement(__package__, "claim_question.sql")
_LEASES_OVER: Final = statement(__package__, "leases_over.sql")
_TOO_LATE: Final = statement(__package__, "too_late.sql")
_LOCK: Final = statement(__package__, "lock_by_attempt.sql")
_MOVE: Final = statement(__package__, "move.sql")
SWEEP_ROWS: Final = 500
KEEP_DAYS: Final = 400
"""How long an ended message is kept with its evidence; the database refuses to forget one sooner."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    attempt_id: UUID
    attempt_no: int
    phone: str
    text: Text


@dataclass(frozen=True, slots=True)
class _Question:
    attempt_id: UUID
    phone: str
    state: State
    started_at: datetime
    age_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What one run of sending did: how many messages it took up, and whether it left none that was due."""

    taken: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    leases_over: int
    too_late: int
    asked: int


def send_due(db: Database, *, setup: Setup, limit: int = 100, budget_s: float = 15.0) -> Sent:
    """Send due messages one after the other.

    Ends when none is left, when `limit` is reached, or `budget_s` seconds after it began.
    """
    if setup.sms is None:
        return Sent(0, is_all=True)
    stop = time.monotonic() + budget_s
    taken = 0
    while taken < limit and time.monotonic() < stop:
        if not _send_next(db, setup, setup.sms):
            return Sent(taken, is_all=True)
        taken += 1
    return Sent(taken, is_all=False)


def sweep(db: Database, *, setup: Setup, limit: int = 50, budget_s: float = 15.0) -> Swept:
    """Mend what dead senders left.

    Leases that ran out become questions, questions are asked, messages that are too late are given up.
    """
    with db.write() as session:
        leases_over = session.sql(_LEASES_OVER, most=SWEEP_ROWS).rowcount
    point("notifications.sweep.leases_over")
    with db.write() as session:
        too_late = session.sql(_TOO_LATE, most=SWEEP_ROWS).rowcount
    if too_late:
        log.error("messages_too_late", count=too_late)
    stop = time.monotonic() + budget_s
    asked = 0
    while setup.sms is not None and asked < limit and time.monotonic() < stop and _ask_next(db, setup, setup.sms):
        asked += 1
    return Swept(leases_over=leases_over, too_late=too_late, asked=asked)


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` messages that ended more than KEEP_DAYS ago, with their attempts and findings.

    Returns how many. ix_message_finished_at serves it.
    """
    return session.sql(
        """delete from message where (owner, id) in (
             select owner, id from message where finished_at < now() - make_interval(days => :days)
             order by finished_at limit :most for update skip locked
           )""",
        days=KEEP_DAYS,
        most=most,
    ).rowcount


def record(
    session: WriteSession, *, attempt_id: UUID, source: Source, outcome: Outcome, wait: float = 0.0
) -> State | None:
    """Write down what was learned about an attempt and move its message.

    Returns where the message stands now, None for an attempt that is not ours.

    What the provider states as a fact counts whenever it comes. All else counts only while this attempt is the
    message's latest: a sender that woke up after its lease changes nothing.
    """
    row = session.sql(_LOCK, attempt_id=attempt_id).one_or_none()
    if row is None:
        return None
    session.sql(
        """insert into message_finding (attempt_id, source, finding, code, provider_ref, request_ref)
           values (:attempt_id, :source, :finding, :code, :provider_ref, :request_ref)""",
        attempt_id=attempt_id,
        source=source.value,
        finding=outcome.finding.value,
        code=outcome.code,
        provider_ref=outcome.provider_ref,
        request_ref=outcome.request_ref,
    )
    state = State(row.state)
    is_latest = row.lease_token == attempt_id
    if not is_latest and outcome.finding not in {Finding.ACCEPTED, Finding.DELIVERED}:
        return state
    moved = next_state(state, outcome.finding)
    session.sql(
        _MOVE,
        owner=row.owner,
        id=row.id,
        state=moved.value,
        is_moved=moved is not state,
        wait_s=wait,
        provider_ref=outcome.provider_ref,
        error_code=outcome.code,
    )
    return moved


def _send_next(db: Database, setup: Setup, sms: SmsChannel) -> bool:
    began = time.monotonic()
    with db.write() as session:
        claimed = _claim(session, setup, sms)
        point("notifications.send.before_intent")
    if claimed is None:
        return False
    point("notifications.send.before_call")
    if time.monotonic() - began > setup.waits.lease_s - setup.waits.call_s:
        # We were stopped (a frozen machine): the lease may end during the call, and then two would send. The sweeper
        # asks and goes on.
        log.warning("send_abandoned", attempt_id=str(claimed.attempt_id))
        return True
    outcome = sms.send(phone=claimed.phone, text=claimed.text, reference=str(claimed.attempt_id), now=clock.now())
    point("notifications.send.after_call")
    wait = _wait_after(setup.waits, outcome.finding, claimed.attempt_no)
    with db.write() as session:
        record(session, attempt_id=claimed.attempt_id, source=Source.ANSWER, outcome=outcome, wait=wait)
        point("notifications.send.before_outcome")
    point("notifications.send.outcome_kept")
    log.info("message_sent", attempt_id=str(claimed.attempt_id), finding=outcome.finding.value, error_code=outcome.code)
    return True


def _claim(session: WriteSession, setup: Setup, sms: SmsChannel) -> _Claimed | None:
    attempt_id = uuid7()
    row = session.sql(_CLAIM_PENDING, attempt_id=attempt_id, lease_s=setup.waits.lease_s).one_or_none()
    if row is None:
        return None
    session.sql(
        """insert into message_attempt (id, owner, message_id, attempt_no, provider, started_at)
           values (:id, :owner, :message_id, :attempt_no, :provider, clock_timestamp())""",
        id=attempt_id,
        owner=row.owner,
        message_id=row.id,
        attempt_no=row.attempts,
        provider=sms.name,
    )
    values = Wording(row.locale, setup.settings.zone).values(row.params)
    text = Text(row.template, row.locale, values, _units(session, row.account_ids))
    return _Claimed(attempt_id, row.attempts, _phone(setup, row), text)


def _units(session: WriteSession, account_ids: Sequence[int]) -> tuple[str, ...]:
    """The units for which a message about these accounts speaks: of several, those that lie above all of them."""
    lines = accounts.unit_lines(session, account_ids=[AccountId(each) for each in account_ids]).values()
    common = frozenset.intersection(*map(frozenset, lines)) if lines else frozenset()
    return tuple(code for code in next(iter(lines), ()) if code in common)


def _ask_next(db: Database, setup: Setup, sms: SmsChannel) -> bool:
    waits = setup.waits
    point("notifications.ask.before_claim")
    with db.write() as session:
        row = session.sql(_CLAIM_QUESTION, lease_s=waits.lease_s).one_or_none()
        if row is None:
            return False
        question = _Question(row.attempt_id, _phone(setup, row), State(row.state), row.started_at, row.age_s)
    point("notifications.ask.before_call")
    outcome = sms.find(
        phone=question.phone, reference=str(question.attempt_id), sent_at=question.started_at, now=clock.now()
    )
    point("notifications.ask.after_call")
    if outcome.finding in {Finding.ACCEPTED, Finding.DELIVERED, Finding.FAILED}:
        with db.write() as session:
            record(session, attempt_id=question.attempt_id, source=Source.QUERY, outcome=outcome, wait=waits.receipt_s)
    elif outcome.finding is Finding.NOT_FOUND and question.age_s > waits.grace_s:
        with db.write() as session:
            record(session, attempt_id=question.attempt_id, source=Source.QUERY, outcome=outcome)
    else:
        with db.write() as session:
            record(
                session,
                attempt_id=question.attempt_id,
                source=Source.QUERY,
                outcome=Outcome(Finding.UNKNOWN, outcome.code),
            )
            session.sql(
                """update message set due_at = now() + :wait_s * interval '1 second'
                   where state = 'unknown' and lease_token = :attempt_id""",
                wait_s=waits.ask_again_s,
                attempt_id=question.attempt_id,
            )
    point("notifications.ask.kept")
    log.info(
        "message_asked", attempt_id=str(question.attempt_id), finding=outcome.finding.value, error_code=outcome.code
    )
    return True


def _phone(setup: Setup, row: sa.Row[Any]) -> str:
    return setup.vault.open(table="message", column="address", owner=row.owner, sealed=bytes(row.address_sealed))


def _wait_after(waits: Waits, finding: Finding, attempt_no: int) -> float:
    if finding is Finding.ACCEPTED:
        return waits.receipt_s
    # Jitter spreads load and guards no secret.
    return wait_s(waits, finding, attempt_no=attempt_no, jitter=random.random())  # noqa: S311
