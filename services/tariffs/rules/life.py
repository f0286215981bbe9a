"""The life of a version, and which days of it are made: pure functions."""

import enum
from datetime import date, timedelta
from typing import Final

from services.tariffs.models import VersionState

AHEAD: Final = timedelta(days=400)
"""How far ahead the calendar of a version is made: next year's prices can be shown and forecast by."""


class Act(enum.StrEnum):
    """What may be done with a version."""

    EDIT = "edit"
    PROPOSE = "propose"
    RETURN = "return"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    END = "end"


TRANSITIONS: Final = {
    (VersionState.DRAFT, Act.EDIT): VersionState.DRAFT,
    (VersionState.DRAFT, Act.PROPOSE): VersionState.PROPOSED,
    (VersionState.DRAFT, Act.WITHDRAW): VersionState.WITHDRAWN,
    (VersionState.PROPOSED, Act.RETURN): VersionState.DRAFT,
    (VersionState.PROPOSED, Act.PUBLISH): VersionState.PUBLISHED,
    (VersionState.PROPOSED, Act.WITHDRAW): VersionState.WITHDRAWN,
    (VersionState.PUBLISHED, Act.END): VersionState.PUBLISHED,
}
"""Everything else is a refusal: of what is published only the end is set, or brought forward.

The database's trigger says the same.
"""


def next_state(state: VersionState, act: Act) -> VersionState | None:
    """The state after an act, None when it cannot happen."""
    return TRANSITIONS.get((state, act))


def months_of(valid_from: date, valid_to: date | None) -> frozenset[int]:
    """The months of the calendar that a version must be able to price: all twelve unless it is valid for fewer."""
    if valid_to is None or valid_to >= valid_from + timedelta(days=365):
        return frozenset(range(1, 13))
    days = (valid_from + timedelta(days=at) for at in range((valid_to - valid_from).days))
    return frozenset(day.month for day in days)


def made_until(valid_to: date | None, *, today: date) -> date:
    """The day behind the last whose calendar is made."""
    ahead = today + AHEAD
    return ahead if valid_to is None else min(valid_to, ahead)
