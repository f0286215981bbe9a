"""What providers call: proved to be theirs, or by a stranger."""

import uuid
from collections.abc import Mapping
from typing import Final

from tests.access.asking import Asked, Asking, Scene
from tests.factories import payments as paying
from tests.support import wechat_pushes as pushes
from tests.support.receiver import Call
from tests.support.town import RECEIPT_SECRET


def _wechat(made: Scene) -> Asked:
    town = made.town
    if made.object == "missing":
        out_trade_no = town.unknown_order()
    else:
        payment_no = town.start_payment(town.people["owner"].user_id, town.house)
        out_trade_no = paying.latest(town.runtime.db, payment_no).out_trade_no
    return _told(made, town.callback_of(out_trade_no), "/callbacks/wechat-pay")


def _wechat_of_merchant(made: Scene) -> Asked:
    """`other_unit`: what is signed for another merchant account; `missing`: an address of none."""
    town = made.town
    order = town.unknown_order("wechat_pay" if made.object == "other_unit" else "wechat_pay/east")
    merchant = "west" if made.object == "missing" else "east"
    return _told(made, town.callback_of(order), f"/callbacks/wechat-pay/{merchant}")


def _told(made: Scene, call: Call, path: str) -> Asked:
    names = ("timestamp", "nonce", "serial", "signature-type")
    kept = {f"wechatpay-{name}": call.headers[f"wechatpay-{name}"] for name in names}
    if made.caller == "signed":
        kept["wechatpay-signature"] = call.headers["wechatpay-signature"]
    return Asked(path, content=call.body, headers={**kept, "content-type": "application/json"})


def _receipt(made: Scene) -> Asked:
    secret = RECEIPT_SECRET if made.caller == "signed" else "guessed"
    report = {
        "phone_number": "13700000001",
        "success": True,
        "biz_id": uuid.uuid4().hex,
        "out_id": str(uuid.UUID(int=0)),
    }
    return Asked(f"/callbacks/sms/aliyun_sms/{secret}", json=[report])


def _chat_address(made: Scene) -> str:
    app = made.town.sandbox.official_account
    token = "a-stranger" if made.caller == "unsigned" else app["token"]
    return pushes.address(token, echostr=str(uuid.uuid4().int % 10**18).zfill(18))


def _echo(made: Scene) -> Asked:
    return Asked(_chat_address(made))


def _chat(made: Scene) -> Asked:
    app = made.town.sandbox.official_account
    token = "a-stranger" if made.caller == "unsigned" else app["token"]
    path, content = pushes.encrypted({**app, "token": token}, pushes.event("subscribe"))
    return Asked(path, content=content, headers={"content-type": "text/xml"})


ASKING: Final[Mapping[str, Asking]] = {
    "POST /callbacks/wechat-pay": _wechat,
    "POST /callbacks/wechat-pay/{merchant}": _wechat_of_merchant,
    "POST /callbacks/sms/{provider}/{secret}": _receipt,
    "GET /callbacks/wechat": _echo,
    "POST /callbacks/wechat": _chat,
}
