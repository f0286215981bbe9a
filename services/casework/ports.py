"""What other domains fill in: kinds of requests and what approves them, and lists that staff take as files.

`app.wiring` fills both slots.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from core.audit import Actor
from core.db import ReadSession, WriteSession
from core.errors import Json
from core.money import Money
from core.registry import Slot
from services.accounts.roles import StaffPermission

DECIDE_WITHIN: Final = timedelta(hours=72)


class Payload(BaseModel):
    """What a kind's requests say: exactly its fields, and ids instead of persons."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Approved:
    """A request that was just approved. `actor` decided; who asked is in `requested_by`."""

    request_id: UUID
    unit_id: int
    payload: Any
    amount: Money | None
    requested_by: UUID
    decided_by: UUID
    actor: Actor
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the decider is told once: a secret that is stored nowhere, or nothing."""

    told_once: str | None = None

    def __repr__(self) -> str:
        """Safe for logs."""
        return "Outcome()"


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that takes two persons.

    `carry_out` runs in the transaction of the approval: a refusal of its own undoes the approval. Amounts up to
    `alone_up_to_minor` need no second person; without it every request does. Whoever may not `touch` what is asked
    about (given its payload, who they are, and when) neither finds the request nor decides, whatever they may do in its
    unit. `hold` locks what an approval is about before its request is locked: whatever overtakes requests comes from
    there, and two that came from opposite ends would wait for each other. `let_go` runs when a request ends otherwise
    (refused, withdrawn, expired, overtaken), in that transaction and behind `hold`: what was asked will not be done.
    """

    name: str
    payload: type[Payload]
    asks: StaffPermission
    decides: StaffPermission
    carry_out: Callable[[WriteSession, Approved], Outcome]
    alone_up_to_minor: int | None = None
    decide_within: timedelta = DECIDE_WITHIN
    may_touch: Callable[[ReadSession, Any, UUID, datetime], bool] | None = None
    hold: Callable[[WriteSession, Any], object] | None = None
    let_go: Callable[[WriteSession, Any, datetime], object] | None = None


KINDS: Slot[Mapping[str, Kind]] = Slot("casework.kinds")


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a list are asked for: up to `limit` behind `position`, None for the first."""

    staff_id: UUID
    filters: Mapping[str, Json]
    position: list[Json] | None
    limit: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows as cells of a file, and the position of the last; None when nothing stands behind it."""

    rows: Sequence[tuple[str, ...]]
    position: list[Json] | None


@dataclass(frozen=True, slots=True)
class StaffList:
    """A list of the console that may be taken as a file.

    `read` finds what the member of staff may read at that moment, by `permission`, and nothing of other units.
    `tells_of_people`: what erasing a person takes away may stand in it, so files are written anew when it does.
    """

    name: str
    permission: StaffPermission
    head: tuple[str, ...]
    read: Callable[[ReadSession, Part], Slice]
    tells_of_people: bool = False


LISTS: Slot[Mapping[str, StaffList]] = Slot("casework.lists")
