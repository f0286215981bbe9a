"""What the platform tells by itself, judged by the independent library: signed, sealed, repeated, and false on order."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aliyun_sms.receipts import Receipts
from sandbox.wechat_pay.notifications import Notifications
from tests.sandbox.conftest import Merchant, number
from tests.support.receiver import Call, Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

NOTIFY = "wechat_pay.notify"
UNPROVED = ("wrong_key", "wrong_serial", "signtest", "altered")
FALSE: dict[str, tuple[str, object, object]] = {
    "amount": ("amount.total", 1, 12346),
    "currency": ("amount.currency", "HKD", "USD"),
    "mchid": ("mchid", "1699999999", "1600000000"),
    "appid": ("appid", "wx1111111111111111", "wx0000000000000000"),
    "unknown_order": ("out_trade_no", "U-of-this-test", None),
}
"""Kind -> the field that is false, a value to order, and what it is when none is ordered (None: anything unknown)."""

Paid = Callable[[], str]


@pytest.fixture
def paid(merchant: Merchant, provider: SandboxProcess, receiver: Receiver) -> Paid:
    """Makes an order that is paid; answers its number."""
    client = merchant(notify_url=receiver.url)

    def make() -> str:
        order = number()
        client.pay(description="电费", out_trade_no=order, amount={"total": 12345, "currency": "CNY"})
        provider.pay(order)
        return order

    return make


def first(receiver: Receiver) -> Call:
    wait_until(lambda: receiver.calls, message="nothing was told")
    return receiver.calls[0]


def opened(merchant: Merchant, told: Call) -> dict[str, Any]:
    """What the independent library reads; fails unless it believes it."""
    read: dict[str, Any] | None = merchant().callback(told.headers, told.body)
    assert read, "the library does not believe it"
    return read


def callback(provider: SandboxProcess, order: str) -> dict[str, Any]:
    found = provider.order(order)
    assert found is not None
    listed: dict[str, Any] = found["callbacks"][0]
    return listed


def settled(provider: SandboxProcess, order: str) -> dict[str, Any]:
    wait_until(lambda: callback(provider, order)["done"], message="never settled")
    return callback(provider, order)


@pytest.mark.parametrize("certificates", [False, True], ids=["public key", "certificates"])
def test_a_payment_is_told_signed_and_sealed(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, certificates: bool
) -> None:
    client, order = merchant(notify_url=receiver.url, certificates=certificates), number()
    client.pay(description="电费", out_trade_no=order, amount={"total": 12345, "currency": "CNY"}, attach="a-1")
    row = provider.pay(order, openid="o-of-this-test")
    told = first(receiver)
    read = client.callback(told.headers, told.body)
    assert (read["event_type"], read["resource_type"]) == ("TRANSACTION.SUCCESS", "encrypt-resource")
    resource = read["resource"]
    assert (resource["out_trade_no"], resource["transaction_id"]) == (order, row["transaction_id"])
    assert (resource["attach"], resource["payer"]) == ("a-1", {"openid": "o-of-this-test"})
    assert resource["amount"]["total"] == resource["amount"]["payer_total"] == 12345
    assert str(order).encode() not in told.body
    assert settled(provider, order)["tries"] == 1


def test_it_is_told_again_with_a_fresh_signature_until_it_is_acknowledged(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, paid: Paid
) -> None:
    receiver.status = 500
    order = paid()
    wait_until(lambda: len(receiver.calls) >= 3, message="it gave up")
    receiver.status = 204
    done = settled(provider, order)
    told = [opened(merchant, each) for each in receiver.calls]
    assert done["tries"] == len(told)
    assert len({each["id"] for each in told}) == 1
    assert len({each.headers["wechatpay-signature"] for each in receiver.calls}) == len(told)


def test_the_waits_are_the_platforms() -> None:
    hours, minutes = divmod(sum(Notifications.waits_s) // 60, 60)
    assert (len(Notifications.waits_s), hours, minutes) == (15, 24, 4)
    assert Notifications.waits_s[:4] == (15, 15, 30, 180)
    assert Receipts.waits_s == (60, 300, 600)


def test_a_payment_can_be_told_again_under_a_new_id(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, paid: Paid
) -> None:
    order = paid()
    provider.notify(order)
    wait_until(lambda: len(receiver.calls) == 2)
    assert len({opened(merchant, each)["id"] for each in receiver.calls}) == 2


@pytest.mark.parametrize("kind", UNPROVED)
def test_a_notice_that_is_not_the_platforms_is_not_believed_and_the_next_try_is(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, paid: Paid, kind: str
) -> None:
    provider.fault(NOTIFY, kind)  # of every notice: those of other tests, still repeated, would use up a single one
    receiver.status = 401
    order = paid()
    lie = first(receiver)
    provider.clear_faults()
    told = len(receiver.calls)
    # The first of these may have been signed before.
    wait_until(lambda: len(receiver.calls) >= told + 2, timeout_s=60, message="no second try")
    truth = receiver.calls[-1]
    receiver.status = 204
    # A notice that went on being repeated would meet the fault of the next test.
    wait_until(lambda: callback(provider, order)["done"], timeout_s=60, message="no try that is taken")
    if kind == "wrong_serial":
        known = provider.credentials["wechat_pay"]
        assert lie.headers["wechatpay-serial"].startswith("PUB_KEY_ID_")
        assert lie.headers["wechatpay-serial"] != known["public_key_id"]
    else:
        assert not merchant().callback(lie.headers, lie.body)
    assert (lie.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")) == (kind == "signtest")
    assert opened(merchant, truth)["resource"]["trade_state"] == "SUCCESS"


@pytest.mark.parametrize(("value", "age_s"), [(None, 301), (7200, 7200), (-400, -400)])
def test_a_stale_notice_is_signed_rightly_at_the_wrong_time(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, paid: Paid, value: int | None, age_s: int
) -> None:
    provider.fault(NOTIFY, "stale", value=value)
    paid()
    told = first(receiver)
    opened(merchant, told)
    assert abs(time.time() - age_s - int(told.headers["wechatpay-timestamp"])) < 60


@pytest.mark.parametrize("is_ordered", [True, False])
@pytest.mark.parametrize("kind", FALSE)
def test_a_false_notice_is_signed_rightly_and_says_something_else(
    merchant: Merchant, provider: SandboxProcess, receiver: Receiver, paid: Paid, kind: str, is_ordered: bool
) -> None:
    field, value, usual = FALSE[kind]
    provider.fault(NOTIFY, kind, value=value if is_ordered else None)
    order = paid()
    said: Any = opened(merchant, first(receiver))["resource"]
    for name in field.split("."):
        said = said[name]
    if is_ordered:
        assert said == value
    elif usual is not None:
        assert said == usual
    else:
        assert said != order
        assert provider.order(str(said)) is None
    truth = json.loads(merchant().query(out_trade_no=order)[1])
    assert (truth["out_trade_no"], truth["amount"]["total"]) == (order, 12345)
