"""Many sums of suspense get their places, each in a transaction of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import faults
from core.audit import Actor
from core.db import Database
from core.errors import Refusal
from services.casework.errors import RequestOpen
from services.payments import operations
from services.payments.errors import RefundUndecided, SuspenseElsewhere, SuspenseOver, SuspenseTakesTwo

_REFUSALS = (RefundUndecided, RequestOpen, SuspenseElsewhere, SuspenseOver, SuspenseTakesTwo)


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of one sum; without a refusal it has its place."""

    suspense_id: int
    refusal: Refusal | None


def assign_many(
    db: Database, *, suspense_ids: Sequence[int], by: UUID, actor: Actor, now: datetime
) -> Iterator[Placed]:
    """Give each sum to the account that it came for, as one alone would be, in the order of their ids.

    What is refused is left as it was and says why. Cut short, it leaves whole what was done; repeated, it refuses that.
    """
    for suspense_id in sorted(set(suspense_ids)):
        yield Placed(suspense_id, _assign(db, suspense_id, by=by, actor=actor, now=now))


def _assign(db: Database, suspense_id: int, *, by: UUID, actor: Actor, now: datetime) -> Refusal | None:
    try:
        with db.write() as session:
            operations.assign_to_own(session, suspense_id=suspense_id, by=by, actor=actor, now=now)
            faults.point("payments.assign_many.before_commit")
    except _REFUSALS as refusal:
        return refusal
    faults.point("payments.assign_many.committed")
    return None
