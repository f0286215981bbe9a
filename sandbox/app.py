"""The whole sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

import sandbox.aliyun_sms.api
import sandbox.aliyun_sms.provider
import sandbox.aliyun_sms.requests
import sandbox.wechat.api
import sandbox.wechat.control
import sandbox.wechat.pages
import sandbox.wechat.provider
import sandbox.wechat_pay.api
import sandbox.wechat_pay.provider
import sandbox.wechat_pay.requests
from sandbox import control, credentials, pages, programs
from sandbox.aliyun_sms import receipts
from sandbox.aliyun_sms.messages import Messages
from sandbox.aliyun_sms.signing import Nonces
from sandbox.books import Books
from sandbox.calls import Wires
from sandbox.credentials import Platform
from sandbox.deliveries import Deliveries, Teller
from sandbox.faults import Faults
from sandbox.wechat.messages import MESSAGE, Chats
from sandbox.wechat.people import People
from sandbox.wechat.tokens import Tokens
from sandbox.wechat_pay.bills import Links
from sandbox.wechat_pay.notifications import Notifications
from sandbox.wechat_pay.orders import NOTIFY, Orders
from sandbox.wechat_pay.refunds import REFUND_NOTIFY, Refunds

PARTS = (
    sandbox.wechat_pay.api,
    sandbox.wechat.api,
    sandbox.aliyun_sms.api,
    control,
    sandbox.wechat.control,
    pages,
    programs,
    sandbox.wechat.pages,
)


def create_app(
    home: Path, *, base_url: str, currency: str, receipt_url: str | None, wechat_url: str | None, retry_scale: float
) -> ASGIApp:
    """The application over a home's keys and books; `base_url` is where it is reached.

    `receipt_url` is where receipts of messages go, `wechat_url` what people write in WeChat; None leaves it as it was
    set last.
    """
    platform, *branches = credentials.load_merchants(home)
    books, faults = Books(home), Faults()
    people = People(books, platform)
    chats = Chats(books, platform, people)
    if receipt_url is not None:
        receipts.set_address(books, receipt_url)
    if wechat_url is not None:
        chats.set_address(wechat_url)
    tellers: dict[str, Teller] = {
        NOTIFY: Notifications(platform),
        REFUND_NOTIFY: Notifications(platform),
        receipts.RECEIPT: receipts.Receipts(),
        MESSAGE: chats,
    }
    deliveries = Deliveries(books, faults, tellers, retry_scale=retry_scale)
    kept = [(platform, books, deliveries), *(_branch(home, each, faults, retry_scale) for each in branches)]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for _, _, telling in kept:
            telling.start()
        yield
        for _, own, telling in kept:
            telling.stop()
            own.close()

    app = FastAPI(title="Sandbox", lifespan=lifespan, openapi_url=None)
    app.state.wechat_pay = tuple(
        sandbox.wechat_pay.provider.Provider(
            platform=merchant,
            books=own,
            orders=Orders(own, merchant, people=books, base_url=base_url, currency=currency),
            refunds=Refunds(own, merchant, currency=currency),
            faults=faults,
            links=Links(base_url=base_url),
            nudge=telling.nudge,
        )
        for merchant, own, telling in kept
    )
    app.state.aliyun_sms = sandbox.aliyun_sms.provider.Provider(
        platform=platform,
        books=books,
        messages=Messages(books, platform, faults),
        nonces=Nonces(),
        faults=faults,
        nudge=deliveries.nudge,
    )
    app.state.wechat = sandbox.wechat.provider.Provider(
        platform=platform,
        books=books,
        people=people,
        tokens=Tokens(books),
        chats=chats,
        faults=faults,
        nudge=deliveries.nudge,
    )
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(sandbox.wechat_pay.requests.Refused, sandbox.wechat_pay.api.refused)
    app.add_exception_handler(sandbox.aliyun_sms.requests.Refused, sandbox.aliyun_sms.api.refused)
    return Wires(app)


def _branch(home: Path, platform: Platform, faults: Faults, retry_scale: float) -> tuple[Platform, Books, Deliveries]:
    """A further merchant account, with books of its own."""
    folder = home / f"merchant-{platform.mchid}"
    folder.mkdir(exist_ok=True, mode=0o700)
    books = Books(folder)
    tellers: dict[str, Teller] = {NOTIFY: Notifications(platform), REFUND_NOTIFY: Notifications(platform)}
    return platform, books, Deliveries(books, faults, tellers, retry_scale=retry_scale)
