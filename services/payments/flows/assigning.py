"""Many sums of suspense get their places, each in a transaction of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import faults
from core.audit import Actor
from core.db import Database
from core.errors import Refusal
from core.money import Money
from services.casework.errors import RequestOpen
from services.payments import operations
from services.payments.errors import (
    RefundUndecided,
    SuspenseElsewhere,
    SuspenseLookFirst,
    SuspenseOver,
    SuspenseTakesTwo,
    SuspenseTotalTakesTwo,
)

_REFUSALS = (
    RefundUndecided,
    RequestOpen,
    SuspenseElsewhere,
    SuspenseLookFirst,
    SuspenseOver,
    SuspenseTakesTwo,
    SuspenseTotalTakesTwo,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of one sum; without a refusal it has its place."""

    suspense_id: int
    refusal: Refusal | None


def assign_many(
    db: Database, *, suspense_ids: Sequence[int], by: UUID, actor: Actor, now: datetime
) -> Iterator[Placed]:
    """Give each sum to the account that it came for, as one alone would be, in the order of their ids.

    What is refused is left as it was and says why; so is what would make the whole more than one may assign alone.
    Cut short, it leaves whole what was done; repeated, it refuses that.
    """
    placed: list[Money] = []
    for suspense_id in sorted(set(suspense_ids)):
        done = _assign(db, suspense_id, placed, by=by, actor=actor, now=now)
        if isinstance(done, Money):
            placed.append(done)
        yield Placed(suspense_id, None if isinstance(done, Money) else done)


def _assign(
    db: Database, suspense_id: int, placed: Sequence[Money], *, by: UUID, actor: Actor, now: datetime
) -> Money | Refusal:
    try:
        with db.write() as session:
            amount = operations.assign_to_own(
                session, suspense_id=suspense_id, placed=placed, by=by, actor=actor, now=now
            )
            faults.point("payments.assign_many.before_commit")
    except _REFUSALS as refusal:
        return refusal
    faults.point("payments.assign_many.committed")
    return amount
