"""The platform as each merchant account has it: its keys, its orders and refunds, and the faults it is to have."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from sandbox.books import Books
from sandbox.credentials import Platform
from sandbox.faults import Faults
from sandbox.wechat_pay.bills import Links
from sandbox.wechat_pay.orders import Orders
from sandbox.wechat_pay.refunds import Refunds

_MCHID: Final = re.compile(r'mchid="([^"]*)"')


@dataclass(frozen=True)
class Provider:
    """What the platform keeps of one merchant account, in books of its own."""

    platform: Platform
    books: Books
    orders: Orders
    refunds: Refunds
    faults: Faults
    links: Links
    nudge: Callable[[], None]
    """Says that there is news to deliver."""


def providers_of(request: Request) -> tuple[Provider, ...]:
    """One for each merchant account, the first before the branch's."""
    providers: tuple[Provider, ...] = request.app.state.wechat_pay
    return providers


def caller_of(request: Request) -> Provider:
    """The one of the merchant that signed a request, or says so: whose signature it is has to be checked."""
    named = _MCHID.search(request.headers.get("authorization", ""))
    known = providers_of(request)
    return next((each for each in known if named and each.platform.mchid == named.group(1)), known[0])


def having_order(request: Request, number: str) -> Provider:
    """The one in whose books an order is; the first for an unknown one."""
    known = providers_of(request)
    return next((each for each in known if each.orders.row(number) is not None), known[0])


def having_refund(request: Request, number: str) -> Provider:
    """The one in whose books a refund is; the first for an unknown one."""
    known = providers_of(request)
    return next((each for each in known if each.refunds.row(number) is not None), known[0])


def behind(request: Request, reference: str) -> tuple[Provider, dict[str, Any]] | None:
    """The order behind what a client shows or passes on, and whose it is."""
    for each in providers_of(request):
        order = each.orders.behind(reference)
        if order is not None:
            return each, order
    return None
