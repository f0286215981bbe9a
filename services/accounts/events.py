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
