"""The provider of one account: its keys, its messages, and the faults it is to have."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from sandbox.aliyun_sms.messages import Messages
from sandbox.aliyun_sms.signing import Nonces
from sandbox.books import Books
from sandbox.credentials import Platform
from sandbox.faults import Faults


@dataclass(frozen=True)
class Provider:
    """What every action works with."""

    platform: Platform
    books: Books
    messages: Messages
    nonces: Nonces
    faults: Faults
    nudge: Callable[[], None]
    """Says that there is news to deliver."""


def provider_of(request: Request) -> Provider:
    """The one of this process."""
    provider: Provider = request.app.state.aliyun_sms
    return provider
