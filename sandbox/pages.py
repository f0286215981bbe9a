"""Pages where a person plays the payer and reads the messages of a telephone. They work without scripts."""

from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

import jinja2
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

import sandbox.aliyun_sms.provider
from sandbox.times import plain
from sandbox.wechat_pay.provider import behind, providers_of
from sandbox.wechat_pay.requests import Refused

FOLDER: Final = Path(__file__).parent / "templates"
TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
)
TEMPLATES.filters["moment"] = plain
TEMPLATES.filters["money"] = lambda order: f"{order['amount'] // 100:,}.{order['amount'] % 100:02d}"
STYLE: Final = (FOLDER / "sandbox.css").read_text(encoding="utf-8")
HEADERS: Final = {
    # A form's answer may lead back to the merchant, wherever that is.
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action *; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}
FEW, MANY = 6, 100
router = APIRouter()


@router.get("/sandbox.css")
def style() -> Response:
    """The pages' style."""
    return Response(STYLE, media_type="text/css")


@router.get("/")
def index(request: Request) -> HTMLResponse:
    """What came last: codes to sign in with, orders to pay."""
    messages = sandbox.aliyun_sms.provider.provider_of(request).messages.newest(most=FEW)
    return page("index.html", messages=messages, orders=_newest(request, FEW))


@router.get("/sms")
def read_messages(request: Request, to: str = "") -> HTMLResponse:
    """The messages of one telephone, or of all."""
    messages = sandbox.aliyun_sms.provider.provider_of(request).messages
    return page("sms.html", messages=messages.newest(to=to.strip() or None, most=MANY), to=to.strip())


@router.get("/wechat-pay")
def list_orders(request: Request) -> HTMLResponse:
    """Orders to choose from, and a field for what a QR code says."""
    return page("orders.html", orders=_newest(request, MANY))


@router.get("/wechat-pay/scan")
def scan(request: Request, code: str = "") -> Response:
    """What a telephone does with a QR code: open the payer's page."""
    found = behind(request, code)
    if found is None:
        return page("gone.html", 404)
    return _to_payer(found[1]["token"])


@router.get("/wechat-pay/pay")
def show_order(request: Request, pr: str = "", redirect_url: str = "") -> HTMLResponse:
    """The payer's page of one order."""
    return _payer_page(request, pr, redirect_url)


@router.post("/wechat-pay/pay")
def decide(
    request: Request,
    pr: Annotated[str, Form()],
    act: Annotated[str, Form()],
    redirect_url: Annotated[str, Form()] = "",
) -> Response:
    """Pay or go away, then return to the merchant's page if there is one."""
    found = behind(request, pr)
    if found is None:
        return page("gone.html", 404)
    provider, order = found
    if act == "pay":
        try:
            provider.orders.pay(order["out_trade_no"])
        except Refused as refused:
            return _payer_page(request, pr, redirect_url, error=refused.message)
        provider.nudge()
    else:
        provider.orders.cancel(order["out_trade_no"])
    if urlsplit(redirect_url).scheme in {"http", "https"}:
        return RedirectResponse(redirect_url, 303, headers=HEADERS)
    return _to_payer(order["token"])


def _payer_page(request: Request, pr: str, redirect_url: str, error: str = "") -> HTMLResponse:
    found = behind(request, pr)
    if found is None:
        return page("gone.html", 404)
    provider, order = found
    merchant = provider.platform.merchant_name
    is_open = provider.orders.is_payable(order)
    return page(
        "pay.html",
        409 if error else 200,
        order=order,
        is_open=is_open,
        merchant=merchant,
        redirect_url=redirect_url,
        error="" if is_open else error,
    )


def _newest(request: Request, most: int) -> list[dict[str, Any]]:
    rows = [row for each in providers_of(request) for row in each.orders.newest(most)]
    return sorted(rows, key=lambda row: -row["created_at"])[:most]


def _to_payer(token: str) -> RedirectResponse:
    return RedirectResponse("/wechat-pay/pay?" + urlencode({"pr": token}), 303)


def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
    """Render a page that no cache keeps."""
    return HTMLResponse(TEMPLATES.get_template(name).render(**values), status, headers=HEADERS)
