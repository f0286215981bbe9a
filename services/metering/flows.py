"""Work that takes many transactions: deciding about many readings at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from core import faults
from core.db import Database
from core.errors import Refusal
from services.metering import operations
from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown
from services.metering.operations import Decision

Act = Literal["accept", "discard", "estimate"]
_ACTS: Final = {"accept": operations.accept, "discard": operations.discard, "estimate": operations.estimate}
_REFUSALS: Final = (ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown)


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one reading; `refusal` says why it is as it was."""

    account_id: int
    quarantine_id: UUID
    refusal: Refusal | None


def decide_many(db: Database, *, chosen: Sequence[tuple[int, UUID]], act: Act, decision: Decision) -> Iterator[Decided]:
    """Decide about each reading (account and id), as about one alone, in the order of accounts and ids.

    What is refused is left as it was and says why. Cut short, it leaves whole what was done; repeated, it refuses that.
    """
    for account_id, quarantine_id in sorted(set(chosen)):
        yield Decided(account_id, quarantine_id, _decide(db, account_id, quarantine_id, act, decision))


def _decide(db: Database, account_id: int, quarantine_id: UUID, act: Act, decision: Decision) -> Refusal | None:
    try:
        with db.write() as session:
            _ACTS[act](session, account_id=account_id, quarantine_id=quarantine_id, decision=decision)
            faults.point("metering.decide_many.before_commit")
    except _REFUSALS as refusal:
        return refusal
    faults.point("metering.decide_many.committed")
    return None
