"""Notices of payments and refunds: sealed, signed afresh for each try, and false on order."""

import base64
import json
import secrets
import time
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.credentials import Platform
from sandbox.deliveries import Delivery, Packet, Struck
from sandbox.times import rfc3339
from sandbox.wechat_pay.signing import WINDOW_S, sealed, signed_headers, to_bytes

FOREIGN_SERIAL: Final = "PUB_KEY_ID_0100000000000000000000000000"
FOREIGN_MCHID: Final = "1600000000"
FOREIGN_APPID: Final = "wx0000000000000000"
SUMMARIES: Final = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.CLOSED": "退款关闭",
    "REFUND.ABNORMAL": "退款异常",
}


class Notifications:
    """Tells the merchant of payments and refunds, as long and as often as the platform does."""

    waits_s: Final = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def compose(self, delivery: Delivery, struck: Struck) -> Packet:
        """Body and signed headers of one try."""
        # A copy through text: faults must not reach what is kept.
        resource = _falsified(json.loads(json.dumps(delivery.content)), struck)
        about = delivery.event.partition(".")[0].lower()
        box = sealed(self._platform, to_bytes(resource), associated=about)
        body = to_bytes(
            {
                "id": delivery.id,
                "create_time": rfc3339(time.time()),
                "event_type": delivery.event,
                "resource_type": "encrypt-resource",
                "summary": SUMMARIES[delivery.event],
                "resource": {**box, "original_type": about},
            }
        )
        serial = FOREIGN_SERIAL if "wrong_serial" in struck else delivery.serial or self._platform.public_key_id
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048) if "wrong_key" in struck else None
        stamp = int(time.time()) - int(struck["stale"].value or WINDOW_S + 1) if "stale" in struck else None
        headers = signed_headers(self._platform, body, serial=serial, moment=stamp, key=stranger)
        if "signtest" in struck:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + base64.b64encode(secrets.token_bytes(256)).decode()
        if "altered" in struck:
            body = body.replace(b'"summary":', b'"summary" :')
        return Packet(body, {**headers, "Content-Type": "application/json"})

    def is_acknowledged(self, _delivery: Delivery, answer: httpx.Response) -> bool:
        """200 and 204 end the tries, whatever the body says."""
        return answer.status_code in {200, 204}


def _falsified(resource: dict[str, Any], struck: Struck) -> dict[str, Any]:
    if fault := struck.get("amount"):
        resource["amount"]["total"] = resource["amount"]["total"] + 1 if fault.value is None else fault.value
    if fault := struck.get("currency"):
        resource["amount"]["currency"] = fault.value or "USD"
    if fault := struck.get("mchid"):
        resource["mchid"] = fault.value or FOREIGN_MCHID
    if fault := struck.get("appid"):
        resource["appid"] = fault.value or FOREIGN_APPID
    if fault := struck.get("unknown_order"):
        resource["out_trade_no"] = fault.value or "U" + secrets.token_hex(12)
    return resource
