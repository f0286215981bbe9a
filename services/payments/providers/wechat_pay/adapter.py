"""The merchant's side of WeChat Pay API v3."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import quote

import structlog

from core import clock
from core.http import Answer, Client, OutcomeUnknown, Unreachable
from core.money import Money
from services.payments.errors import CallbackRefused, MethodNotOffered
from services.payments.ports import (
    DEFAULT_MERCHANT,
    AlreadyPaid,
    CloseOutcome,
    Method,
    Notice,
    OutcomeInDoubt,
    Prepay,
    ProviderKey,
    ProviderResult,
    RefundResult,
    RefundStatus,
    RefundWish,
    Refused,
    RefusedForNow,
    Throttled,
    TradeState,
)
from services.payments.providers.wechat_pay import messages
from services.payments.providers.wechat_pay.messages import Malformed
from services.payments.providers.wechat_pay.signing import Box, NotProved, Signer, Verifier, read_certificate

log = structlog.get_logger(__name__)

NAME: Final = "wechat_pay"
CALLBACK_PATH: Final = "/callbacks/wechat-pay"
USER_AGENT: Final = "wattline/1"
BEIJING: Final = timezone(timedelta(hours=8))
"""The platform writes and expects its times with this offset."""

DESCRIPTION_BYTES: Final = 127
_PATHS: Final = {
    Method.WECHAT_NATIVE: "native",
    Method.WECHAT_H5: "h5",
    Method.WECHAT_JSAPI: "jsapi",
    Method.WECHAT_APP: "app",
}
_ANSWERS: Final = {
    Method.WECHAT_NATIVE: "code_url",
    Method.WECHAT_H5: "h5_url",
    Method.WECHAT_JSAPI: "prepay_id",
    Method.WECHAT_APP: "prepay_id",
}
# REFUND says "was paid, and at least part of it went back": the payment is booked all the same.
_STATES: Final = {
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "ACCEPT": TradeState.WAITING,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
    "PAYERROR": TradeState.FAILED,
}
_REFUND_STATES: Final = {
    "PROCESSING": RefundStatus.PROCESSING,
    "SUCCESS": RefundStatus.DONE,
    "CLOSED": RefundStatus.CLOSED,
    "ABNORMAL": RefundStatus.ABNORMAL,
}
REFUNDS: Final = "/v3/refund/domestic/refunds"
# The merchant's balance, keys or rights have to be mended first; the platform asks for the same number afterwards.
_LATER_CODES: Final = frozenset({"NOTENOUGH", "SIGNERROR", "NOAUTH"})
_BUSY_CODES: Final = frozenset({"FREQUENCYLIMITED", "RATELIMITEXCEEDED"})
_DOUBT_CODES: Final = frozenset({"BIZERRNEEDRETRY", "SYSTEMERROR"})
_PAID_CODES: Final = frozenset({"ORDERPAID"})
_CLOSED_CODES: Final = frozenset({"ORDERCLOSED", "TRADEOVERDUE"})
_MISSING_CODES: Final = frozenset({"ORDERNOTEXIST", "ORDERNOTEXISTS", "RESOURCENOTEXISTS"})
_OK, _NO_CONTENT, _NOT_FOUND, _TOO_MANY, _SERVER_ERRORS = 200, 204, 404, 429, 500


@dataclass(frozen=True)
class Account:
    """One merchant account. Keys may overlap while they are rotated; `public_keys` maps ids to PEMs."""

    mchid: str
    appid: str
    """The application of QR codes, links and apps."""
    merchant_serial: str
    private_key_pem: str = field(repr=False)
    apiv3_keys: Sequence[str] = field(repr=False)
    public_keys: Mapping[str, str]
    certificates: Sequence[str]
    currency: str
    callback_url: str
    """Address of this deployment as the platform calls it, without path."""

    more_appids: frozenset[str] = frozenset()
    """Other applications of the supplier whose people may pay inside WeChat: bound to the merchant at its console."""

    name: str = DEFAULT_MERCHANT
    """How we call it, and the last part of the address that the platform calls for it, save for the default."""

    units: frozenset[str] = frozenset()
    """Codes of the units whose money it takes."""

    @property
    def notify_url(self) -> str:
        """Where the platform tells of this merchant's payments and refunds."""
        own = "" if self.name == DEFAULT_MERCHANT else f"/{self.name}"
        return self.callback_url + CALLBACK_PATH + own

    @property
    def appids(self) -> frozenset[str]:
        """Every application for which the platform may answer."""
        return self.more_appids | {self.appid}


class WeChatPay:
    """Implements `ports.PaymentProvider`."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account
        self._signer = Signer(
            mchid=account.mchid, serial=account.merchant_serial, private_key_pem=account.private_key_pem
        )
        self._verifier = Verifier(public_keys=account.public_keys, certificates=account.certificates)
        self._box = Box(account.apiv3_keys)

    @property
    def name(self) -> str:
        """Also the clearing code's."""
        return NAME

    @property
    def merchant(self) -> str:
        """The account's name."""
        return self._account.name

    @property
    def units(self) -> frozenset[str]:
        """As settings give them to this account."""
        return self._account.units

    @property
    def methods(self) -> frozenset[Method]:
        """All four."""
        return frozenset(_PATHS)

    @property
    def currencies(self) -> frozenset[str]:
        """A merchant account has one: yuan on the mainland."""
        return frozenset({self._account.currency})

    @property
    def renews_keys(self) -> bool:
        """In certificate mode the platform changes its certificates by itself."""
        return self._verifier.preferred is None

    def compose(self, prepay: Prepay) -> bytes:
        """The order's JSON. The same arguments give the same bytes."""
        body: dict[str, object] = {
            "appid": self._account.appid,
            "mchid": self._account.mchid,
            "description": _shortened(prepay.description),
            "out_trade_no": prepay.out_trade_no,
            "time_expire": prepay.expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "notify_url": self._account.notify_url,
            "amount": {"total": prepay.amount.minor, "currency": prepay.amount.currency},
        }
        match prepay.method:
            case Method.WECHAT_JSAPI:
                if not prepay.payer.openid or prepay.payer.appid not in self._account.appids:
                    raise MethodNotOffered(method=prepay.method.value, needs="wechat")
                body["appid"] = prepay.payer.appid
                body["payer"] = {"openid": prepay.payer.openid}
            case Method.WECHAT_H5:
                body["scene_info"] = {"payer_client_ip": prepay.payer.address, "h5_info": {"type": "Wap"}}
            case _:
                pass
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def prepare(self, method: Method, request: bytes) -> dict[str, str]:
        """Place the order; repeating the same bytes answers the same."""
        answer = self._exchange("POST", f"/v3/pay/transactions/{_PATHS[method]}", request)
        if answer.status != _OK:
            raise self._refusal(answer)
        try:
            value = getattr(messages.parse(messages.Prepaid, answer.body), _ANSWERS[method])
        except Malformed as error:
            raise OutcomeInDoubt(NAME) from error
        if not isinstance(value, str) or not value:
            raise OutcomeInDoubt(NAME)
        given = {_ANSWERS[method]: value}
        return given if method is not Method.WECHAT_JSAPI else {**given, "appid": json.loads(request)["appid"]}

    def present(self, method: Method, answer: Mapping[str, str], *, now: datetime) -> dict[str, str]:
        """The address, or the parameters that the payer's client hands to WeChat, signed afresh."""
        match method:
            case Method.WECHAT_NATIVE | Method.WECHAT_H5:
                return dict(answer)
            case Method.WECHAT_JSAPI:
                return self._jsapi(answer.get("appid", self._account.appid), answer["prepay_id"], now)
            case Method.WECHAT_APP:
                return self._app(answer["prepay_id"], now)

    def query(self, out_trade_no: str) -> ProviderResult:
        """Ask for one order's state."""
        target = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}?mchid={self._account.mchid}"
        answer = self._exchange("GET", target)
        if answer.status != _OK:
            if answer.status == _NOT_FOUND and _code(answer) in _MISSING_CODES:
                return ProviderResult(NAME, out_trade_no, TradeState.MISSING, merchant=self.merchant)
            raise _in_doubt(self._refusal(answer))
        try:
            result = self._result(messages.parse(messages.Transaction, answer.body))
        except Malformed as error:
            log.exception("provider_answer_malformed", provider=NAME, what=str(error))
            raise OutcomeInDoubt(NAME) from error
        if result.out_trade_no != out_trade_no:
            raise OutcomeInDoubt(NAME)
        return result

    def close(self, out_trade_no: str) -> CloseOutcome:
        """Close one order; the platform says when it is too late."""
        body = json.dumps({"mchid": self._account.mchid}, separators=(",", ":")).encode()
        answer = self._exchange("POST", f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}/close", body)
        if answer.status in {_OK, _NO_CONTENT}:
            return CloseOutcome.CLOSED
        code = _code(answer)
        if code in _PAID_CODES:
            return CloseOutcome.PAID
        if code in _CLOSED_CODES:
            return CloseOutcome.CLOSED
        if answer.status == _NOT_FOUND and code in _MISSING_CODES:
            return CloseOutcome.MISSING
        raise _in_doubt(self._refusal(answer))

    def compose_refund(self, wish: RefundWish) -> bytes:
        """The refund's JSON. The same arguments give the same bytes."""
        body = {
            "transaction_id": wish.transaction_id,
            "out_refund_no": wish.out_refund_no,
            "notify_url": self._account.notify_url,
            "amount": {"refund": wish.amount.minor, "total": wish.total.minor, "currency": wish.amount.currency},
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def refund(self, request: bytes) -> RefundResult:
        """Place the refund; repeating it answers how it stands."""
        answer = self._exchange("POST", REFUNDS, request)
        if answer.status != _OK:
            raise self._refund_refusal(answer)
        return self._refund_answer(answer, out_refund_no=json.loads(request)["out_refund_no"])

    def query_refund(self, out_refund_no: str) -> RefundResult:
        """Ask for one refund's state."""
        answer = self._exchange("GET", f"{REFUNDS}/{quote(out_refund_no, safe='')}")
        if answer.status != _OK:
            if answer.status == _NOT_FOUND and _code(answer) in _MISSING_CODES:
                return RefundResult(NAME, out_refund_no, RefundStatus.MISSING, merchant=self.merchant)
            raise _in_doubt(self._refusal(answer))
        return self._refund_answer(answer, out_refund_no=out_refund_no)

    def fetch_keys(self) -> list[ProviderKey]:
        """The platform's certificates: our API v3 key opens them, and one of them must have signed the answer."""
        answer = self._send("GET", "/v3/certificates")
        if answer.status != _OK:
            raise _in_doubt(self._refusal(answer))
        try:
            listed = messages.parse(messages.Certificates, answer.body).data
            found = [
                read_certificate(
                    self._box.open(
                        ciphertext=each.encrypt_certificate.ciphertext,
                        nonce=each.encrypt_certificate.nonce,
                        associated_data=each.encrypt_certificate.associated_data,
                    ).decode()
                )
                for each in listed
            ]
            fresh = Verifier(public_keys={}, certificates=[each.pem for each in found])
            fresh.verify(answer.headers, answer.body, now=clock.now())
        except (Malformed, NotProved, ValueError, TypeError) as error:
            log.exception("provider_keys_not_proved", provider=NAME)
            raise OutcomeInDoubt(NAME) from error
        return found

    def trust(self, keys: Sequence[ProviderKey]) -> None:
        """Verify by these certificates too."""
        self._verifier.trust(keys)

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Verify over the raw bytes, then open and parse."""
        try:
            self._verifier.verify(headers, body, now=now)
        except NotProved as error:
            raise CallbackRefused(reason=error.reason) from error
        return self.read_stored(body)

    def read_stored(self, body: bytes) -> Notice:
        """Open and parse what was verified when it came."""
        try:
            notification = messages.parse(messages.Notification, body)
            plain = self._opened(notification)
            if notification.event_type.startswith("REFUND."):
                told = messages.parse(messages.Refund, plain)
                if told.mchid != self._account.mchid:
                    raise _NotOurs("merchant")
                return Notice(notification.id, None, refund=self._refund_result(told))
            if not notification.event_type.startswith("TRANSACTION."):
                return Notice(notification.id, None)
            return Notice(notification.id, self._result(messages.parse(messages.Transaction, plain)))
        except NotProved as error:
            log.exception("callback_signed_but_sealed", provider=NAME)
            raise CallbackRefused(reason=error.reason) from error
        except Malformed as error:
            reason = "foreign_merchant" if isinstance(error, _NotOurs) else "malformed"
            log.exception("callback_signed_but_refused", provider=NAME, reason=reason, what=str(error))
            raise CallbackRefused(reason=reason) from error

    def open_stored(self, body: bytes) -> bytes:
        """The resource of a stored callback, in clear."""
        try:
            return self._opened(messages.parse(messages.Notification, body))
        except NotProved as error:
            raise CallbackRefused(reason=error.reason) from error
        except Malformed as error:
            raise CallbackRefused(reason="malformed") from error

    def _opened(self, notification: messages.Notification) -> bytes:
        box = notification.resource
        return self._box.open(ciphertext=box.ciphertext, nonce=box.nonce, associated_data=box.associated_data)

    def _result(self, transaction: messages.Transaction) -> ProviderResult:
        if transaction.mchid != self._account.mchid or transaction.appid not in self._account.appids | {""}:
            raise _NotOurs("merchant")
        state = _STATES[transaction.trade_state]
        if state is not TradeState.PAID:
            return ProviderResult(NAME, transaction.out_trade_no, state, merchant=self.merchant)
        if transaction.amount is None or not transaction.transaction_id or not transaction.appid:
            raise Malformed("paid without its facts")
        return ProviderResult(
            NAME,
            transaction.out_trade_no,
            state,
            transaction_id=transaction.transaction_id,
            amount=Money(transaction.amount.total, transaction.amount.currency),
            paid_at=messages.moment(transaction.success_time),
            merchant=self.merchant,
        )

    def _refund_answer(self, answer: Answer, *, out_refund_no: str) -> RefundResult:
        try:
            told = messages.parse(messages.Refund, answer.body)
        except Malformed as error:
            log.exception("provider_answer_malformed", provider=NAME, what=str(error))
            raise OutcomeInDoubt(NAME) from error
        if told.out_refund_no != out_refund_no:
            raise OutcomeInDoubt(NAME)
        return self._refund_result(told)

    def _refund_result(self, told: messages.Refund) -> RefundResult:
        return RefundResult(
            NAME,
            told.out_refund_no,
            _REFUND_STATES[told.state],
            refund_id=told.refund_id,
            transaction_id=told.transaction_id,
            amount=Money(told.amount.refund, told.amount.currency or self._account.currency),
            merchant=self.merchant,
        )

    def _refund_refusal(self, answer: Answer) -> Exception:
        code = _code(answer)
        if answer.status < _SERVER_ERRORS and code in _DOUBT_CODES:
            return OutcomeInDoubt(NAME)
        if code in _BUSY_CODES:
            return Throttled(NAME)
        if code in _LATER_CODES:
            log.warning("provider_refused", provider=NAME, status=answer.status, reason=code)
            return RefusedForNow(code)
        return self._refusal(answer)

    def _jsapi(self, appid: str, prepay_id: str, now: datetime) -> dict[str, str]:
        stamp, nonce, package = str(int(now.timestamp())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        return {
            "appId": appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._signer.sign(appid, stamp, nonce, package),
        }

    def _app(self, prepay_id: str, now: datetime) -> dict[str, str]:
        stamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        return {
            "appid": self._account.appid,
            "partnerid": self._account.mchid,
            "prepayid": prepay_id,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": stamp,
            "sign": self._signer.sign(self._account.appid, stamp, nonce, prepay_id),
        }

    def _exchange(self, method: str, target: str, body: bytes = b"") -> Answer:
        """Send, and believe a success only when the platform signed it."""
        answer = self._send(method, target, body)
        if answer.status in {_OK, _NO_CONTENT}:
            try:
                self._verifier.verify(answer.headers, answer.body, now=clock.now())
            except NotProved as error:
                log.warning("provider_answer_not_proved", provider=NAME, reason=error.reason)
                raise OutcomeInDoubt(NAME) from error
        return answer

    def _send(self, method: str, target: str, body: bytes = b"") -> Answer:
        stamp, nonce = int(clock.now().timestamp()), secrets.token_hex(16)
        signed = self._signer.authorization(method=method, target=target, body=body, timestamp=stamp, nonce=nonce)
        headers = {"authorization": signed, "accept": "application/json", "user-agent": USER_AGENT}
        if body:
            headers["content-type"] = "application/json"
        if self._verifier.preferred is not None:
            headers["wechatpay-serial"] = self._verifier.preferred
        try:
            return self._client.send(method, target, headers=headers, content=body)
        except Unreachable as error:
            raise Throttled(NAME) from error
        except OutcomeUnknown as error:
            raise OutcomeInDoubt(NAME) from error

    def _refusal(self, answer: Answer) -> Exception:
        """What an answer without success means: by its status class first, since its body is mostly unsigned."""
        code = _code(answer)
        if answer.status == _TOO_MANY:
            wait = answer.headers.get("retry-after", "")
            return Throttled(NAME, retry_after_s=int(wait) if wait.isdigit() and len(wait) < len("10000") else None)
        if answer.status >= _SERVER_ERRORS or answer.status < _OK:
            return OutcomeInDoubt(NAME)
        if code in _PAID_CODES:
            return AlreadyPaid(NAME)
        log.warning("provider_refused", provider=NAME, status=answer.status, reason=code)
        return Refused(code or "UNKNOWN")


class _NotOurs(Malformed):
    """Signed for another merchant or application."""


def _in_doubt(error: Exception) -> Exception:
    """Questions and closes cannot be refused for good: whoever asked asks again."""
    return error if isinstance(error, OutcomeInDoubt | Throttled) else OutcomeInDoubt(NAME)


def _code(answer: Answer) -> str:
    """The error code without underscores: documents and libraries of the platform spell them both ways."""
    try:
        code = messages.parse(messages.Problem, answer.body).code
    except Malformed:
        return ""
    return "".join(character for character in code if character.isalnum()).upper()


def _shortened(text: str) -> str:
    return text.encode()[:DESCRIPTION_BYTES].decode(errors="ignore")
