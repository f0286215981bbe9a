"""Facts of accounts."""

from dataclasses import dataclass, field
from typing import ClassVar

from core.outbox import Event, register


@register
@dataclass(frozen=True, kw_only=True)
class AccountLinked(Event):
    """A person proved an account to be theirs. `user_id` is a UUID as text."""

    name: ClassVar[str] = "accounts.account_linked"
    code: ClassVar[int] = 7

    account_id: int
    user_id: str


@register
@dataclass(frozen=True, kw_only=True)
class AccessInvited(Event):
    """An owner invites somebody to pay or view. Not told when the telephone had too many invitations within a day."""

    name: ClassVar[str] = "accounts.access_invited"
    code: ClassVar[int] = 20

    invitation_id: str


@register
@dataclass(frozen=True, kw_only=True)
class AccessAccepted(Event):
    """Somebody accepted an invitation; `invited_by` is the owner who sent it."""

    name: ClassVar[str] = "accounts.access_accepted"
    code: ClassVar[int] = 21

    account_id: int
    user_id: str
    invited_by: str


@register
@dataclass(frozen=True, kw_only=True)
class AccessEnded(Event):
    """Somebody else ended a person's access.

    `why` is revoked (an owner did), giver_gone (who gave it has none any more) or holder_changed.
    """

    name: ClassVar[str] = "accounts.access_ended"
    code: ClassVar[int] = 22

    account_id: int
    user_id: str
    why: str


@register
@dataclass(frozen=True, kw_only=True)
class HolderChanged(Event):
    """An account passed from one customer to another. The ids are customers'."""

    name: ClassVar[str] = "accounts.holder_changed"
    code: ClassVar[int] = 23

    account_id: int
    earlier_id: int
    later_id: int


@register
@dataclass(frozen=True, kw_only=True)
class LockedDataChanged(Event):
    """A field of level 1 of an account got another value; what stands there tells which.

    `by` is `data_correction:` with the id of a correction that two persons stand for, or `import_run:` with the number
    of a file or push, which tells of the accounts that it names. What corrects a customer or premises is told of the
    account that was asked about. A change of holder is `accounts.holder_changed` instead.
    """

    name: ClassVar[str] = "accounts.locked_data_changed"
    code: ClassVar[int] = 27

    account_id: int
    field: str
    by: str


@register
@dataclass(frozen=True, kw_only=True)
class EntitlementsChanged(Event):
    """What tariffs ask of these accounts is otherwise from a day on, one in `since` for each, as text.

    `until` has the day from which on it is as before for each, None where that never comes; without it nobody knows.
    """

    name: ClassVar[str] = "accounts.entitlements_changed"
    code: ClassVar[int] = 42

    account_ids: list[int]
    since: list[str]
    until: list[str | None] = field(default_factory=list)


@register
@dataclass(frozen=True, kw_only=True)
class MetersMoved(Event):
    """Where meters are, or were, is otherwise: ids of rows that say since or until when one is at an account."""

    name: ClassVar[str] = "accounts.meters_moved"
    code: ClassVar[int] = 44

    meter_ids: list[int]
