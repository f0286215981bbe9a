"""The paths of WeChat Pay API v3: orders, certificates, bill files.

Answers are signed; refusals and files are not, as at the real one.
"""

import csv
import gzip
import hashlib
import io
import json
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.books import Books
from sandbox.calls import carry_out
from sandbox.credentials import Platform
from sandbox.faults import Faults
from sandbox.orders import BEIJING, TRADE_TYPES, Orders, Refused, moment
from sandbox.signing import SignatureError, check_request, sealed, signed_headers, to_bytes

COLUMNS: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
FOOTER: Final = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
LINK_S: Final = 30
FEE_PER_MILLE: Final = 6


def router_of(platform: Platform, books: Books, orders: Orders, faults: Faults, nudge: Callable[[], None]) -> APIRouter:
    """The merchant's API."""
    router = APIRouter()
    links: dict[str, tuple[float, bytes]] = {}

    async def checked(request: Request) -> bytes:
        body = await request.body()
        raw = request.scope["raw_path"].decode() + (
            "?" + request.scope["query_string"].decode() if request.scope["query_string"] else ""
        )
        if "application/json" not in request.headers.get("accept", "") and "*/*" not in request.headers.get(
            "accept", ""
        ):
            raise Refused(406, "INVALID_REQUEST", "Http头Accept不正确")
        try:
            check_request(
                platform,
                authorization=request.headers.get("authorization", ""),
                method=request.method,
                target=raw,
                body=body,
            )
        except SignatureError as error:
            raise Refused(401, "SIGN_ERROR", str(error)) from error
        return body

    def serial_of(request: Request) -> str:
        asked = request.headers.get("wechatpay-serial", "")
        return asked if asked in {platform.public_key_id, platform.certificate_serial} else platform.certificate_serial

    def signed(request: Request, content: Any = None) -> Response:
        body = b"" if content is None else to_bytes(content)
        headers = signed_headers(platform, body, serial=serial_of(request))
        return Response(
            body,
            204 if content is None else 200,
            headers=headers,
            media_type=None if content is None else "application/json",
        )

    def merchant(request: Request) -> None:
        if request.query_params.get("mchid") != platform.mchid:
            raise Refused(400, "PARAM_ERROR", "参数错误：mchid")

    @router.post("/v3/pay/transactions/{method}")
    async def make(method: str, request: Request) -> Response:
        body = await checked(request)
        if method not in TRADE_TYPES:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "资源不存在")
        return await carry_out(
            faults,
            f"wechat_pay.{method}",
            lambda: signed(request, orders.make(method, _object(body), serial=serial_of(request))),
        )

    @router.get("/v3/pay/transactions/out-trade-no/{number}")
    async def by_number(number: str, request: Request) -> Response:
        await checked(request)
        merchant(request)
        return await carry_out(faults, "wechat_pay.query", lambda: signed(request, orders.find(number=number)))

    @router.get("/v3/pay/transactions/id/{transaction_id}")
    async def by_id(transaction_id: str, request: Request) -> Response:
        await checked(request)
        merchant(request)
        return await carry_out(
            faults, "wechat_pay.query", lambda: signed(request, orders.find(transaction_id=transaction_id))
        )

    @router.post("/v3/pay/transactions/out-trade-no/{number}/close")
    async def close(number: str, request: Request) -> Response:
        body = _object(await checked(request))
        if body.get("mchid") != platform.mchid:
            raise Refused(400, "PARAM_ERROR", "参数错误：mchid")

        def work() -> Response:
            orders.close(number)
            nudge()
            return signed(request)

        return await carry_out(faults, "wechat_pay.close", work)

    @router.get("/v3/certificates")
    async def certificates(request: Request) -> Response:
        await checked(request)
        now = time.time()
        entry = {
            "serial_no": platform.certificate_serial,
            "effective_time": moment(now - 86400),
            "expire_time": moment(now + 3650 * 86400),
            "encrypt_certificate": sealed(platform, platform.certificate_pem.encode(), associated="certificate"),
        }
        return signed(request, {"data": [entry]})

    @router.get("/v3/bill/tradebill")
    async def trade_bill(request: Request) -> Response:
        await checked(request)
        day = request.query_params.get("bill_date", "")
        content = bill_of(books, platform, day)
        if content is None:
            raise Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        is_packed = request.query_params.get("tar_type") == "GZIP"
        token = secrets.token_urlsafe(24)
        links[token] = (time.time() + LINK_S, gzip.compress(content) if is_packed else content)
        told = {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "download_url": f"{orders.base_url}/v3/billdownload/file?token={token}",
        }
        return signed(request, told)

    @router.get("/v3/billdownload/file")
    async def download(request: Request) -> Response:
        await checked(request)
        until, content = links.pop(request.query_params.get("token", ""), (0.0, b""))
        if until < time.time():
            raise Refused(404, "RESOURCE_NOT_EXISTS", "资源不存在")
        return Response(content, media_type="application/octet-stream")

    return router


def refused(_request: Request, error: Exception) -> Response:
    """A refusal as the platform tells it: unsigned."""
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"code": error.code, "message": error.message, "detail": {}}, error.status)


def bill_of(books: Books, platform: Platform, day: str) -> bytes | None:
    """The trade bill (type ALL) of a Beijing day: CSV, a backtick before each field, yuan; None for an empty day."""
    try:
        begin = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Refused(400, "PARAM_ERROR", "参数错误：bill_date") from error
    limits = (begin.timestamp(), (begin + timedelta(days=1)).timestamp())
    rows = books.all(
        "select * from pay_order where state = 'SUCCESS' and paid_at >= ? and paid_at < ? order by paid_at", *limits
    )
    if not rows:
        return None
    out = io.StringIO()
    out.write("\ufeff" + COLUMNS + "\r\n")
    write = csv.writer(out, quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None, lineterminator="\r\n")
    total = fees = 0
    for row in rows:
        amount, fee = row["amount"], row["amount"] * FEE_PER_MILLE
        total, fees = total + amount, fees + fee
        yuan, charged = f"{amount / 100:.2f}", f"{fee / 100000:.5f}"
        paid = datetime.fromtimestamp(row["paid_at"], BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        trade = TRADE_TYPES[row["method"]]
        fields = [
            paid,
            row["appid"],
            platform.mchid,
            "0",
            "",
            row["transaction_id"],
            row["out_trade_no"],
            row["openid"],
            trade,
            "SUCCESS",
            "OTHERS",
        ]
        fields += [
            row["currency"],
            yuan,
            "0.00",
            "0",
            "0",
            "0.00",
            "0.00",
            "",
            "",
            row["description"],
            row["attach"] or "",
            charged,
        ]
        fields += [f"{FEE_PER_MILLE / 10:.2f}%", yuan, "0.00", ""]
        write.writerow(["`" + field.replace(",", "，") for field in fields])
    out.write(FOOTER + "\r\n")
    write.writerow(
        [
            "`" + field
            for field in (
                str(len(rows)),
                f"{total / 100:.2f}",
                "0.00",
                "0.00",
                f"{fees / 100000:.5f}",
                f"{total / 100:.2f}",
                "0.00",
            )
        ]
    )
    return out.getvalue().encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refused(400, "PARAM_ERROR", "请求体不是有效的JSON") from error
    if not isinstance(content, dict):
        raise Refused(400, "PARAM_ERROR", "请求体不是有效的JSON")
    return content
