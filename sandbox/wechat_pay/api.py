"""The merchant's addresses: `/v3/...`. Answers are signed; refusals and files are not, as at the real one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography import x509
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.calls import Voice, carry_out
from sandbox.faults import Fault
from sandbox.times import rfc3339
from sandbox.wechat_pay import bills
from sandbox.wechat_pay.provider import Provider, caller_of
from sandbox.wechat_pay.requests import TRADE_TYPES, Refused, as_object
from sandbox.wechat_pay.signing import SignatureError, check_request, sealed, signed_headers, to_bytes

VOICE: Final = Voice(
    broken=to_bytes({"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"}),
    limited=to_bytes({"code": "FREQUENCY_LIMITED", "message": "频率超限"}),
)
router = APIRouter()


@router.post("/v3/pay/transactions/{method}")
async def make_order(method: str, request: Request) -> Response:
    """Take an order."""
    provider, body = await _checked(request)
    if method not in TRADE_TYPES:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "资源不存在")
    content = as_object(body)
    return await _answered(
        request, method, lambda _: provider.orders.make(method, content, serial=_serial(provider, request))
    )


@router.get("/v3/pay/transactions/out-trade-no/{number}")
async def query_by_number(number: str, request: Request) -> Response:
    """An order by the merchant's number."""
    provider, _ = await _checked(request)
    _check_merchant(provider, request.query_params.get("mchid"))
    return await _answered(request, "query", lambda _: provider.orders.find(number=number))


@router.get("/v3/pay/transactions/id/{transaction_id}")
async def query_by_id(transaction_id: str, request: Request) -> Response:
    """An order by the platform's number; only paid ones have it."""
    provider, _ = await _checked(request)
    _check_merchant(provider, request.query_params.get("mchid"))
    return await _answered(request, "query", lambda _: provider.orders.find(transaction_id=transaction_id))


@router.post("/v3/pay/transactions/out-trade-no/{number}/close")
async def close_order(number: str, request: Request) -> Response:
    """Close an unpaid order: 204, signed over nothing."""
    provider, body = await _checked(request)
    _check_merchant(provider, as_object(body).get("mchid"))
    return await _answered(request, "close", lambda _: provider.orders.close(number))


@router.post("/v3/refund/domestic/refunds")
async def make_refund(request: Request) -> Response:
    """Take a refund of a paid order."""
    provider, body = await _checked(request)
    content = as_object(body)

    def taken(struck: Mapping[str, Fault]) -> dict[str, Any]:
        made = provider.refunds.make(content, serial=_serial(provider, request), struck=struck)
        provider.nudge()
        return made

    return await _answered(request, "refund", taken)


@router.get("/v3/refund/domestic/refunds/{number}")
async def query_refund(number: str, request: Request) -> Response:
    """A refund by the merchant's number."""
    provider, _ = await _checked(request)
    return await _answered(request, "refund_query", lambda _: provider.refunds.find(number))


@router.get("/v3/certificates")
async def list_certificates(request: Request) -> Response:
    """The certificates that verify what is signed in certificate mode."""
    provider, _ = await _checked(request)
    platform = provider.platform

    def listed(_struck: Mapping[str, Fault]) -> dict[str, Any]:
        certificate = x509.load_pem_x509_certificate(platform.certificate_pem.encode())
        entry = {
            "serial_no": platform.certificate_serial,
            "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
            "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
            "encrypt_certificate": sealed(platform, platform.certificate_pem.encode(), associated="certificate"),
        }
        return {"data": [entry]}

    return await _answered(request, "certificates", listed)


@router.get("/v3/bill/tradebill")
async def apply_for_bill(request: Request) -> Response:
    """Where a day's bill can be fetched, and its hash."""
    provider, _ = await _checked(request)
    asked = request.query_params
    if asked.get("tar_type") not in {None, "GZIP"}:
        raise Refused(400, "PARAM_ERROR", "参数错误：tar_type")

    def offered(_struck: Mapping[str, Fault]) -> dict[str, str]:
        content = bills.bill(
            provider.books,
            provider.platform,
            day=asked.get("bill_date", ""),
            bill_type=asked.get("bill_type", "ALL"),
        )
        return provider.links.offer(content, is_packed="tar_type" in asked)

    return await _answered(request, "tradebill", offered)


@router.get("/v3/billdownload/file")
async def download_bill(request: Request) -> Response:
    """A bill's file, unsigned."""
    provider, _ = await _checked(request)
    token = request.query_params.get("token", "")

    def fetched(_struck: object) -> Response:
        return Response(provider.links.fetch(token), media_type="application/octet-stream")

    return await carry_out(provider.faults, "wechat_pay.billdownload", VOICE, fetched)


@router.api_route("/v3/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def no_such_address(path: str) -> Response:  # noqa: ARG001 -- the path's name
    """Everything that is not emulated."""
    raise Refused(404, "RESOURCE_NOT_EXISTS", "资源不存在")


def refused(_request: Request, error: Exception) -> Response:
    """A refusal as the platform tells it: unsigned."""
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"code": error.code, "message": error.message, "detail": {}}, error.status)


async def _checked(request: Request) -> tuple[Provider, bytes]:
    """The merchant's own request, its body included; raises Refused for anybody else's."""
    provider, body, query = caller_of(request), await request.body(), request.scope["query_string"].decode("latin-1")
    accept = request.headers.get("accept", "")
    if "application/json" not in accept and "*/*" not in accept:
        raise Refused(406, "INVALID_REQUEST", "Http头Accept不正确")
    try:
        check_request(
            provider.platform,
            authorization=request.headers.get("authorization", ""),
            method=request.method,
            target=request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
            body=body,
        )
    except SignatureError as error:
        raise Refused(401, "SIGN_ERROR", str(error)) from error
    return provider, body


async def _answered(request: Request, operation: str, work: Callable[[Mapping[str, Fault]], Any]) -> Response:
    """The signed answer of `work`, which is told what strikes: 204 when it returns nothing."""
    provider = caller_of(request)

    def signed(struck: Mapping[str, Fault]) -> Response:
        try:
            content = work(struck)
        except Refused as error:
            return refused(request, error)
        body = b"" if content is None else to_bytes(content)
        headers = signed_headers(provider.platform, body, serial=_serial(provider, request))
        if content is None:
            return Response(status_code=204, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    return await carry_out(provider.faults, f"wechat_pay.{operation}", VOICE, signed)


def _check_merchant(provider: Provider, mchid: object) -> None:
    if mchid != provider.platform.mchid:
        raise Refused(400, "PARAM_ERROR", "参数错误：mchid")


def _serial(provider: Provider, request: Request) -> str:
    """The key to sign with: the public key for those who name it, the platform's certificate for the others."""
    platform = provider.platform
    asked = request.headers.get("wechatpay-serial", "")
    return platform.public_key_id if asked == platform.public_key_id else platform.certificate_serial
