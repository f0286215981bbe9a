"""The platform of one merchant: its keys, its orders and refunds, and the faults it is to have."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from sandbox.books import Books
from sandbox.credentials import Platform
from sandbox.faults import Faults
from sandbox.wechat_pay.bills import Links
from sandbox.wechat_pay.orders import Orders
from sandbox.wechat_pay.refunds import Refunds


@dataclass(frozen=True)
class Provider:
    """What every address of the platform works with."""

    platform: Platform
    books: Books
    orders: Orders
    refunds: Refunds
    faults: Faults
    links: Links
    nudge: Callable[[], None]
    """Says that there is news to deliver."""


def provider_of(request: Request) -> Provider:
    """The one of this process."""
    provider: Provider = request.app.state.wechat_pay
    return provider
