"""Pages where a person plays the payer and reads the messages of a telephone. They work without scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

import jinja2
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.books import Books
from sandbox.orders import Orders, Refused, moment

TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
STYLE: Final = (Path(__file__).parent / "templates" / "sandbox.css").read_text(encoding="utf-8")
TEMPLATES.filters["moment"] = lambda seconds: moment(seconds)[:19].replace("T", " ")
TEMPLATES.filters["yuan"] = lambda minor: f"{minor // 100}.{minor % 100:02d}"


def router_of(books: Books, orders: Orders, nudge: Callable[[], None]) -> APIRouter:
    """The payer's and reader's pages."""
    router = APIRouter()

    def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
        headers = {
            "content-security-policy": "default-src 'none'; style-src 'self'; form-action *; frame-ancestors 'none'"
        }
        return HTMLResponse(TEMPLATES.get_template(name).render(**values), status, headers=headers)

    @router.get("/sandbox.css")
    def style() -> Response:
        return Response(STYLE, media_type="text/css")

    @router.get("/")
    def index() -> HTMLResponse:
        return page("index.html", orders=books.all("select * from pay_order order by created_at desc limit 20"))

    @router.get("/sms")
    def sms(to: str = "") -> HTMLResponse:
        rows = books.all(
            "select * from message where phone like ? order by id desc limit 100",
            f"%{to.strip().lstrip('+').removeprefix('86')}",
        )
        return page("sms.html", messages=rows, to=to)

    @router.get("/wechat-pay/pay")
    def pay_page(pr: str, redirect_url: str = "") -> HTMLResponse:
        order = orders.by_token(pr)
        if order is None:
            return page("gone.html", 404)
        return page("pay.html", order=order, pr=pr, redirect_url=redirect_url, error="")

    @router.get("/wechat-pay/scan")
    def scan(code: str) -> Response:
        """What a telephone does with a QR code: open the payer's page."""
        return RedirectResponse("/wechat-pay/pay?" + urlencode({"pr": code.rpartition("pr=")[2]}), 303)

    @router.post("/wechat-pay/pay")
    def decide(
        pr: Annotated[str, Form()], act: Annotated[str, Form()], redirect_url: Annotated[str, Form()] = ""
    ) -> Response:
        order = orders.by_token(pr)
        if order is None:
            return page("gone.html", 404)
        if act == "pay":
            try:
                orders.pay(order["out_trade_no"])
            except Refused as refused:
                return page(
                    "pay.html", 409, order=orders.by_token(pr), pr=pr, redirect_url=redirect_url, error=refused.message
                )
            nudge()
        if urlsplit(redirect_url).scheme in {"http", "https"}:
            return RedirectResponse(redirect_url, 303)
        return page("pay.html", order=orders.by_token(pr), pr=pr, redirect_url="", error="")

    return router
