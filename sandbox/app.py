"""The whole sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from sandbox import control, credentials, pages, wechat_pay
from sandbox.books import Books
from sandbox.callbacks import Deliverer
from sandbox.calls import carry_out
from sandbox.faults import Faults
from sandbox.orders import Orders, Refused
from sandbox.sms import AliyunError, Sms


def create_app(home: Path, *, base_url: str, receipt_url: str | None, retry_scale: float = 1.0) -> FastAPI:
    """The application over a home's keys and books; `base_url` is where it is reached."""
    platform = credentials.load(home)
    books, faults = Books(home), Faults()
    orders, sms = Orders(books, platform, base_url=base_url), Sms(books, platform)
    deliverer = Deliverer(books, platform, faults, receipt_url=receipt_url, retry_scale=retry_scale)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        deliverer.start()
        yield
        deliverer.stop()
        books.close()

    app = FastAPI(title="Wattline sandbox", lifespan=lifespan, openapi_url=None)
    app.include_router(wechat_pay.router_of(platform, books, orders, faults, deliverer.nudge))
    app.include_router(control.router_of(books, orders, faults, deliverer.nudge))
    app.include_router(pages.router_of(books, orders, deliverer.nudge))
    app.add_exception_handler(Refused, wechat_pay.refused)

    @app.post("/")
    async def aliyun(request: Request) -> Response:
        """Every action of Aliyun's RPC APIs has this one address."""
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            action, params = sms.check(
                method="POST", query=request.scope["query_string"].decode(), headers=headers, body=body
            )
        except AliyunError as error:
            return _aliyun_refusal(error)
        accepted: dict[str, Any] = {}

        def work() -> Response:
            try:
                accepted.update(sms.act(action, params))
            except AliyunError as error:
                return _aliyun_refusal(error)
            deliverer.nudge()
            return JSONResponse(accepted)

        def dropped(_answer: Response) -> None:
            if "BizId" in accepted:
                sms.mark_dropped(accepted["BizId"])

        return await carry_out(faults, f"aliyun_sms.{action}", work, dropped=dropped)

    return app


def _aliyun_refusal(error: AliyunError) -> Response:
    return JSONResponse(
        {"Code": error.code, "Message": error.message, "RequestId": "", "HostId": "dysmsapi.aliyuncs.com"}, error.status
    )
