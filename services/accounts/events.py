"""Facts of accounts."""

from dataclasses import dataclass
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
