"""Stories of one customer, told step by step through the real edges, so that any step may be cut short and told again.

A step answers whether it has done its part. It is repeated until it has, as customers, providers and jobs repeat
theirs; a story's end is checked by what the provider counted, never by what our own code says of itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa

from core import clock, faults, inbox, outbox
from jobs.payments import AT_ONCE
from notifications import delivery
from notifications.setup import SETUP
from services.payments import flows as payments
from tests.factories.accounts import grant, make_account
from tests.factories.billing import make_bill
from tests.faults.at_the_desk import assign, look_into, refund, refund_in_vain, send_back, stray
from tests.faults.signing_in import (
    add_wechat,
    ask_for_code,
    come_by_wechat,
    refresh,
    sign_in,
    sign_in_browser,
    sign_in_by_wechat,
    wechat_code,
)
from tests.faults.world import BILL_MINOR, PAID_MINOR, WECHAT_PAY, Case, World


def _post(world: World, case: Case, name: str, path: str, body: Mapping[str, object]) -> dict[str, Any] | None:
    headers = {"authorization": f"Bearer {case['token']}", "idempotency-key": case["keys"][name]}
    answer = world.http.post(path, json=dict(body), headers=headers)
    case["status"] = answer.status_code
    if answer.status_code != 201:
        return None
    told: dict[str, Any] = answer.json()
    case["payment_no"] = told["payment"]["payment_no"]
    pay = told["pay"]
    if pay is not None:
        given = pay["parameters"] or {}
        case["code"] = (
            pay["code_url"] or pay["h5_url"] or given.get("prepayid") or given["package"].removeprefix("prepay_id=")
        )
    return told


def start(world: World, case: Case) -> bool:
    """Begin a payment."""
    body = {"account_no": case["account_no"], "amount_minor": PAID_MINOR, "method": "wechat_native"}
    return _post(world, case, "start", "/api/v1/payments", body) is not None


def start_together(world: World, case: Case) -> bool:
    """Begin one payment for two accounts of one person: all that both owe."""
    second_no = f"51{case['account_no'][2:]}"
    found = world.one("select id from account where account_no = %s", second_no)
    if found is None:
        with world.db.write() as session:
            account = make_account(session, world.vault, phone=None, account_no=second_no)
            grant(session, user_id=UUID(case["user_id"]), account_id=account.id)
            make_bill(session, account, amount_minor=BILL_MINOR, bill_no=f"K{uuid4().int % 10**12:012d}")
            session.sql("delete from outbox")  # the bill's own message is another story
        found = account.id
    case["second"] = found
    body = {"account_nos": [case["account_no"], second_no], "amount_minor": 2 * BILL_MINOR, "method": "wechat_native"}
    return _post(world, case, "start", "/api/v1/payments", body) is not None


def start_in_wechat(world: World, case: Case) -> bool:
    """Begin a payment inside WeChat; a code that is spent earns another, under a key of its own."""
    appid = world.settings.wechat_pay_appid
    if "wechat_code" not in case or case["status"] == 409:
        case["wechat_code"] = wechat_code(world, case, "oauth", appid)
        case["keys"]["start"] = str(uuid4())
    body = {
        "account_no": case["account_no"],
        "amount_minor": PAID_MINOR,
        "method": "wechat_jsapi",
        "wechat": {"appid": appid, "code": case["wechat_code"]},
    }
    return _post(world, case, "start", "/api/v1/payments", body) is not None


def start_in_vain(world: World, case: Case) -> bool:
    """Begin a payment that the provider refuses: the answer stays."""
    start(world, case)
    failed = "select bool_and(state = 'failed') from payment_order where payer_user_id = %s"
    return bool(case["status"] == 409 and world.one(failed, case["user_id"]))


def again(world: World, case: Case) -> bool:
    """Ask for the QR code again."""
    told = _post(world, case, "again", f"/api/v1/payments/{case['payment_no']}/attempts", {})
    return told is not None and told["pay"] is not None


def another(world: World, case: Case) -> bool:
    """Pay by the app instead: the old number is closed first."""
    told = _post(world, case, "another", f"/api/v1/payments/{case['payment_no']}/attempts", {"method": "wechat_app"})
    return told is not None and told["pay"] is not None


def pay(world: World, case: Case) -> bool:
    """Pay on the provider's page."""
    return world.sandbox.post("/wechat-pay/pay", data={"pr": case["code"], "act": "pay"}).status_code in {303, 409}


def pay_late(world: World, case: Case) -> bool:
    """Pay although the number was closed meanwhile."""
    number = world.one(
        """select a.out_trade_no from payment_attempt a join payment_order o on o.id = a.order_id
           where o.payment_no = %s""",
        case["payment_no"],
    )
    path = f"/__sandbox__/wechat-pay/orders/{number}/pay"
    return world.sandbox.post(path, json={"even_if_closed": True}).status_code in {200, 409}


def notify(world: World, case: Case) -> bool:
    """The provider tells that it was paid."""
    headers, body = case["notice"]
    return world.http.post("/callbacks/wechat-pay", content=body.encode(), headers=headers).status_code == 204


def forge(world: World, case: Case) -> bool:
    """Somebody sends the same under a signature that is not its own."""
    headers, body = case["notice"]
    body = body.replace("{", "{ ", 1)
    return world.http.post("/callbacks/wechat-pay", content=body.encode(), headers=headers).status_code == 401


def open_inbox(world: World, case: Case) -> bool:
    """Look at the messages."""
    headers = {"authorization": f"Bearer {case['token']}"}
    return world.http.get("/api/v1/inbox", headers=headers).status_code == 200


def keep_only(world: World, case: Case) -> bool:
    """A notice was kept by a process that died before it applied it."""
    with world.db.write() as session:
        inbox.receive(
            session, source=WECHAT_PAY, external_id=f"kept {case['payment_no']}", body=case["notice"][1].encode()
        )
    return True


def apply_stored(world: World, case: Case) -> bool:
    """The job of callbacks."""
    payments.apply_stored_callbacks(world.db, source=WECHAT_PAY, now=clock.now(), limit=AT_ONCE)
    return is_paid(world, case)


def poll(world: World, case: Case) -> bool:
    """The job that asks the provider."""
    world.pass_time()
    payments.check_due(world.db, vault=world.vault, now=clock.now())
    return is_paid(world, case)


def poll_once(world: World, case: Case) -> bool:
    """The same, whatever comes of it."""
    world.pass_time()
    del case
    payments.check_due(world.db, vault=world.vault, now=clock.now())
    return True


def poll_after_end(world: World, case: Case) -> bool:
    """The same, when the time to pay is over."""
    world.pass_time()
    payments.check_due(world.db, vault=world.vault, now=clock.now() + timedelta(minutes=31))
    return _is(world, case, "closed")


def give_up(world: World, case: Case) -> bool:
    """The payer will not pay after all."""
    world.pass_time()
    payments.give_up_payment(
        world.db,
        user_id=UUID(case["user_id"]),
        payment_no=case["payment_no"],
        address="203.0.113.7",
        now=clock.now(),
    )
    return _is(world, case, "closed")


def look(world: World, case: Case) -> bool:
    """The payer presses: has it come?"""
    world.pass_time()
    payments.check_payment(
        world.db, vault=world.vault, user_id=UUID(case["user_id"]), payment_no=case["payment_no"], now=clock.now()
    )
    return is_paid(world, case)


def relay(world: World, case: Case) -> bool:
    """The relay."""
    del case
    outbox.relay_once(world.db)
    return bool(world.one("select count(*) = 0 from outbox"))


def send(world: World, case: Case) -> bool:
    """The jobs of messages."""
    delivery.sweep(world.db, setup=SETUP.get())
    delivery.send_due(world.db, setup=SETUP.get())
    left = "select count(*) = 0 from message where owner = %s and state in ('pending', 'sending', 'unknown')"
    return bool(world.one(left, f"user:{case['user_id']}"))


def refresh_keys(world: World, case: Case) -> bool:
    """The job of certificates."""
    del case
    return payments.refresh_keys(world.db, source=WECHAT_PAY, now=clock.now()) == 1


def is_paid(world: World, case: Case) -> bool:
    """Whether the payment is booked."""
    return _is(world, case, "paid")


def _is(world: World, case: Case, state: str) -> bool:
    return bool(world.one("select state = %s from payment_order where payment_no = %s", state, case["payment_no"]))


STEPS: Final[Mapping[str, Callable[[World, Case], bool]]] = {
    step.__name__: step
    for step in (
        start, start_together, start_in_wechat, start_in_vain, again, another, pay, pay_late, notify, forge, keep_only, apply_stored, poll, poll_once,
        poll_after_end, give_up, look, look_into, stray, assign, send_back, refund, refund_in_vain, relay, send, open_inbox, refresh_keys, ask_for_code, sign_in, sign_in_browser,
        refresh, sign_in_by_wechat, add_wechat, come_by_wechat,
    )
}  # fmt: skip

Fault = tuple[str, str]


@dataclass(frozen=True)
class Story:
    """Steps and how they must end; which points are this story's own; what the provider does wrong, once, before a step."""

    steps: tuple[str, ...]
    end: str
    own: tuple[str, ...]
    provider: Mapping[str, Fault] = field(default_factory=dict)
    lasting: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """What it does wrong from a step on, and by which code."""

    settings: str = ""


STORIES: Final[Mapping[str, Story]] = {
    "a payment told by the provider": Story(
        ("start", "pay", "notify", "relay", "send", "open_inbox"),
        "paid",
        (
            "idempotency.begun", "payments.start.before_order", "payments.start.ordered",
            "payments.prepare.before_call", "payments.prepare.called", "payments.prepare.kept",
            "idempotency.before_finish", "idempotency.finished", "payments.callback.before_take",
            "payments.callback.taken", "web.committed",
            "outbox.relay.before_commit", "notifications.sweep.leases_over", "notifications.send.before_intent",
            "notifications.send.before_call", "notifications.send.after_call", "notifications.send.before_outcome",
            "notifications.send.outcome_kept",
        ),
    ),
    "lost answers on all sides": Story(
        ("start", "poll_once", "again", "pay", "poll", "relay", "send"),
        "paid",
        (
            "payments.prepare.unanswered", "payments.sweep.before_claim", "payments.sweep.claimed",
            "payments.repeat.before_look", "payments.retry.decided", "payments.check.before_call",
            "payments.check.called", "payments.apply.before_commit", "payments.apply.committed",
            "notifications.ask.before_claim", "notifications.ask.before_call", "notifications.ask.after_call",
            "notifications.ask.kept",
        ),
        provider={"start": ("wechat_pay.native", "drop_after"), "send": ("aliyun_sms.SendSms", "drop_after")},
    ),
    "another way to pay": Story(
        ("start", "another", "pay", "look", "relay", "send"),
        "paid",
        (
            "payments.close.before_call", "payments.close.called", "payments.retry.closed", "payments.retry.added",
            "payments.look.claimed", "payments.retry.payer_known",
        ),
    ),
    "staff look into a payment": Story(
        ("start", "pay", "look_into", "relay", "send"),
        "paid",
        ("payments.look_into.before_claim", "payments.look_into.claimed"),
    ),
    "a payment inside WeChat": Story(
        ("start_in_wechat", "pay", "notify", "relay", "send"),
        "paid",
        ("identity.wechat.payer_known", "payments.start.payer_known"),
    ),
    "a WeChat signs in": Story(
        ("sign_in_by_wechat", "ask_for_code", "sign_in", "add_wechat", "come_by_wechat"),
        "joined",
        (
            "identity.wechat.before_count", "identity.wechat.counted", "identity.wechat.exchanged",
            "identity.wechat.phone_fetched", "identity.wechat.before_commit", "identity.wechat.committed",
            "identity.wechat_added.before_commit", "identity.wechat_added.committed",
            "identity.wechat_browser.before_commit", "identity.wechat_browser.committed",
        ),
    ),
    "money that came too late": Story(
        ("start", "poll_after_end", "pay_late", "notify", "relay", "send"),
        "paid",
        (
            "payments.close.before_call", "payments.close.called", "payments.apply.before_commit",
            "payments.callback.before_keep", "payments.callback.before_commit", "payments.callback.committed",
        ),
    ),
    "money for what was given up": Story(
        ("start", "give_up", "pay_late", "notify", "relay", "send"),
        "paid",
        ("payments.give_up.before_note", "payments.give_up.noted"),
    ),
    "a provider that is tired": Story(
        ("start", "pay", "poll_once", "poll", "relay", "send"),
        "paid",
        ("payments.prepare.unreached", "payments.failure.before_note", "payments.check.unanswered"),
        provider={"start": ("wechat_pay.native", "rate_limited"), "poll_once": ("wechat_pay.query", "error_before")},
    ),
    "a notice that was only kept": Story(
        ("start", "pay", "forge", "keep_only", "apply_stored", "relay", "send"),
        "paid",
        (
            "payments.refusal.before_count", "payments.refusal.counted", "payments.callbacks.before_apply",
            "payments.callbacks.applied",
        ),
    ),
    "a refusal": Story(("start_in_vain",), "refused", ("payments.prepare.refused",), settings="refused"),
    "two accounts that are paid together": Story(
        ("start_together", "pay", "notify", "relay"),
        "paid together",
        (
            "payments.start.ordered", "payments.callback.before_keep", "payments.callback.before_commit",
            "payments.callback.committed",
        ),
    ),
    "money that finds its place": Story(
        ("stray", "notify", "assign"), "assigned", ("web.before_commit", "web.committed")
    ),
    "money that goes back": Story(
        ("stray", "notify", "send_back", "refund"),
        "returned",
        (
            "web.before_commit", "web.committed", "payments.refund.before_claim", "payments.refund.claimed",
            "payments.refund.before_call", "payments.refund.called", "payments.refund.before_commit",
            "payments.refund.applied",
        ),
    ),
    "money that goes back through a broken line": Story(
        ("stray", "notify", "send_back", "refund"),
        "returned",
        ("payments.refund.unanswered", "payments.refund.before_put_off", "payments.failure.noted"),
        provider={"refund": ("wechat_pay.refund", "drop_after")},
    ),
    "money that goes back when there is time": Story(
        ("stray", "notify", "send_back", "refund"),
        "returned",
        ("payments.refund.unreached",),
        provider={"refund": ("wechat_pay.refund", "rate_limited")},
    ),
    "money that does not go back": Story(
        ("stray", "notify", "send_back", "refund_in_vain"),
        "waits",
        ("payments.refund.doubted", "payments.refund.refused"),
        provider={"refund_in_vain": ("wechat_pay.refund", "error_before")},
        lasting={"refund_in_vain": ("wechat_pay.refund", "refused", "PARAM_ERROR")},
    ),
    "new keys": Story(
        ("refresh_keys", "start", "pay", "poll", "relay", "send"),
        "paid",
        ("payments.keys.before_call", "payments.keys.called", "payments.keys.kept"),
        settings="certificates",
    ),
    "an app signs in": Story(
        ("ask_for_code", "sign_in", "refresh", "refresh"),
        "signed in",
        (
            "identity.request_code.before_grant_commit", "identity.request_code.granted",
            "identity.request_code.before_send", "identity.request_code.sent",
            "identity.request_code.before_outcome_commit", "identity.request_code.outcome_recorded",
            "identity.sign_in.before_commit", "identity.sign_in.committed", "identity.refresh.before_commit",
            "identity.refresh.committed",
        ),
    ),
    "a browser signs in": Story(
        ("ask_for_code", "sign_in_browser"),
        "signed in",
        ("identity.sign_in_browser.before_commit", "identity.sign_in_browser.committed"),
    ),
}  # fmt: skip

MOST_TRIES: Final = 20


def carry_on(world: World, case: Case, step: str) -> None:
    """Do a step until it has done its part, letting time pass between tries."""
    for _ in range(MOST_TRIES):
        try:
            if STEPS[step](world, case):
                return
        except (faults.InjectedFault, sa.exc.OperationalError):  # the job's next round does it
            pass
        world.pass_time()
    msg = f"{step} comes to no end: {case}"
    raise AssertionError(msg)
