"""An independent merchant library judges refunds: taken once, never beyond what was paid, told as the platform tells."""

import json
from typing import Any

import pytest
from wechatpayv3 import WeChatPay

from tests.sandbox.conftest import Merchant, number
from tests.sandbox.test_wechat_pay import bill
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

PLACE = "wechat_pay.refund"


def paid(client: WeChatPay, provider: SandboxProcess) -> str:
    """An order of 123.45 that is paid; answers its number."""
    order = number()
    client.pay(description="电费", out_trade_no=order, amount={"total": 12345, "currency": "CNY"})
    provider.pay(order)
    return order


def refund(
    client: WeChatPay, order: str, *, no: str | None = None, minor: int = 12345, total: int = 12345, **more: Any
) -> tuple[int, dict[str, Any]]:
    amount = {"refund": minor, "total": total, "currency": "CNY"}
    code, text = client.refund(out_refund_no=no or f"R{number()}", out_trade_no=order, amount=amount, **more)
    return code, json.loads(text)


def status(client: WeChatPay, no: str) -> str:
    return str(json.loads(client.query_refund(out_refund_no=no)[1])["status"])


def test_a_refund_goes_back_once_however_often_it_is_asked_for(merchant: Merchant, provider: SandboxProcess) -> None:
    client, no = merchant(), f"R{number()}"
    order = paid(client, provider)
    first = refund(client, order, no=no)
    assert (first[0], first[1]["status"], first[1]["amount"]["refund"]) == (200, "PROCESSING", 12345)
    wait_until(lambda: status(client, no) == "SUCCESS", message="it is not done")
    again = refund(client, order, no=no)
    assert (again[0], again[1]["refund_id"], again[1]["status"]) == (200, first[1]["refund_id"], "SUCCESS")
    assert len([each for each in provider.refunds() if each["out_trade_no"] == order]) == 1
    assert json.loads(client.query(out_trade_no=order)[1])["trade_state"] == "REFUND"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"minor": 12346}, (400, "INVALID_REQUEST")),
        ({"total": 12346}, (400, "INVALID_REQUEST")),
        ({"minor": 0}, (400, "PARAM_ERROR")),
        ({"no": "a b"}, (400, "PARAM_ERROR")),
        ({"reason": "退" * 27}, (400, "PARAM_ERROR")),
    ],
    ids=str,
)
def test_a_refund_beyond_its_order_or_its_form_is_refused(
    merchant: Merchant, provider: SandboxProcess, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    client = merchant()
    code, answer = refund(client, paid(client, provider), **changes)
    assert (code, answer["code"]) == expected


def test_parts_go_back_a_minute_apart_and_a_number_is_for_one_amount(
    merchant: Merchant, provider: SandboxProcess
) -> None:
    client, no = merchant(), f"R{number()}"
    order = paid(client, provider)
    assert refund(client, order, no=no, minor=45)[0] == 200
    assert refund(client, order, minor=300)[1]["code"] == "FREQUENCY_LIMITED"
    assert refund(client, order, no=no, minor=46)[1]["code"] == "INVALID_REQUEST"
    assert refund(client, number())[1]["code"] == "RESOURCE_NOT_EXISTS"


@pytest.mark.parametrize(("kind", "end"), [(None, "SUCCESS"), ("abnormal", "ABNORMAL"), ("closed", "CLOSED")])
def test_the_end_of_a_refund_is_told_sealed_and_signed(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, kind: str | None, end: str
) -> None:
    client = merchant(notify_url=receiver.url)
    order = paid(merchant(), provider)
    if kind is not None:
        provider.fault(PLACE, kind, count=1)
    refund(client, order, no=(no := f"R{number()}"), notify_url=receiver.url)
    call = receiver.next_after(0)
    told: Any = client.callback(call.headers, call.body)
    assert told["event_type"] == f"REFUND.{end}"
    resource = told["resource"]
    assert (resource["out_refund_no"], resource["refund_status"], resource["amount"]["refund"]) == (no, end, 12345)
    assert status(client, no) == end
    provider.settle_refund(no, "SUCCESS")
    assert status(client, no) == "SUCCESS"


def test_a_refund_may_take_its_time_or_be_refused(merchant: Merchant, provider: SandboxProcess) -> None:
    client, no = merchant(), f"R{number()}"
    order = paid(client, provider)
    provider.fault(PLACE, "refused", count=1)
    assert refund(client, order, no=no) == (403, {"code": "NOT_ENOUGH", "message": "退款请求失败", "detail": {}})
    assert json.loads(client.query_refund(out_refund_no=no)[1])["code"] == "RESOURCE_NOT_EXISTS"
    provider.fault(PLACE, "slow", value=600, count=1)
    assert refund(client, order, no=no)[1]["status"] == "PROCESSING"
    assert status(client, no) == "PROCESSING"


def test_the_bill_of_a_day_tells_what_went_back(merchant: Merchant, provider: SandboxProcess) -> None:
    client, no = merchant(), f"R{number()}"
    order = paid(client, provider)
    refund(client, order, no=no, minor=345)
    wait_until(lambda: status(client, no) == "SUCCESS", message="it is not done")
    for kind, columns in (("ALL", 27), ("REFUND", 29)):
        head, *rows, foot, sums = bill(client, bill_type=kind)
        names = head.removeprefix("\ufeff").split(",")
        assert len(names) == columns
        [mine] = [row for row in rows if no in row]
        cells = dict(zip(names, mine.removeprefix("`").split(",`"), strict=True))
        assert (cells["商户订单号"], cells["交易状态"], cells["退款金额"]) == (order, "REFUND", "3.45")
        total = dict(zip(foot.split(","), sums.removeprefix("`").split(",`"), strict=True))
        listed = sum(int(row.split(",`")[names.index("退款金额")].replace(".", "")) for row in rows)
        assert total["退款总金额"] == f"{listed / 100:.2f}"
