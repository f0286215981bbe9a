"""Tells stories: undisturbed, or cut short at a point; and counts their ends at the provider."""

import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from core import faults
from core.config import Settings
from core.errors import Refusal
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.ledger.chart import OwnerKind, Source
from services.payments import queries as payments
from tests.faults.stories import STEPS, Story, carry_on
from tests.faults.world import BILL_MINOR, PAID_MINOR, Case, World, settle
from tests.faults.zygote import Zygote
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

NEEDS_NOTICE: Final = frozenset({"notify", "forge", "keep_only"})
LEASED: Final = frozenset({"notifications.send.before_call"})
"""Here the first looks at the machine's clock before it goes on: a second one within the lease is all that can be."""


def deployed(settings: Settings, provider: SandboxProcess, receiver: Receiver, variant: str = "") -> Settings:
    """The test's settings with the sandbox as provider."""
    pay, sms = provider.credentials["wechat_pay"], provider.credentials["aliyun_sms"]
    given = {
        **settings.model_dump(),
        "callback_url": receiver.url,
        "wechat_apps": json.dumps(provider.credentials["wechat"]["apps"]),
        "wechat_base_url": provider.base_url,
        "wechat_open_url": provider.base_url,
        "wechat_pay_base_url": provider.base_url,
        "wechat_pay_mchid": pay["mchid"],
        "wechat_pay_appid": "wx0000000000000000" if variant == "refused" else pay["appid"],
        "wechat_pay_merchant_serial": pay["merchant_serial"],
        "wechat_pay_merchant_private_key": pay["merchant_private_key"],
        "wechat_pay_apiv3_key": pay["apiv3_key"],
        "aliyun_sms_base_url": provider.base_url,
        "aliyun_sms_access_key_id": sms["access_key_id"],
        "aliyun_sms_access_key_secret": sms["access_key_secret"],
        "aliyun_sms_sign_name": sms["sign_name"],
        "aliyun_sms_templates": json.dumps(sms["template_codes"]),
        "aliyun_sms_receipt_secret": "a-secret-of-the-test",
    }
    if variant == "certificates":
        given["wechat_pay_certificates"] = pay["platform_certificate"]
    else:
        given |= {"wechat_pay_public_key_id": pay["public_key_id"], "wechat_pay_public_key": pay["public_key"]}
    return Settings.model_validate(given)


class Teller:
    """Tells one story to new customers, cut short where it is asked to."""

    def __init__(
        self, story: Story, world: World, provider: SandboxProcess, receiver: Receiver, zygote: Zygote | None = None
    ) -> None:
        self.story, self.world = story, world
        self.passes: dict[str, set[str]] = defaultdict(set)
        self.enclosed: set[str] = set()
        """Points at which a transaction is open: nobody overtakes there."""

        self._provider, self._receiver, self._zygote = provider, receiver, zygote

    def tell(self, *, point: str | None = None, kind: str | None = None) -> list[str]:
        """One telling and its end; answers the points that were passed in this process."""
        case = settle(self.world)
        passed = self.go(case, point=point, kind=kind)
        check_end(self.story, self.world, self._provider, case)
        return passed

    def go(self, case: Case, *, point: str | None = None, kind: str | None = None) -> list[str]:
        """All steps of a customer's story, without a look at its end."""
        passed, struck = list[str](), False
        for name in self.story.steps:
            if name in self.story.provider:
                place, what = self.story.provider[name]
                self._provider.fault(place, what, count=1)
            if name in self.story.lasting:
                place, what, value = self.story.lasting[name]
                self._provider.fault(place, what, value=value)
            if name in NEEDS_NOTICE and "notice" not in case:
                case["notice"] = self.notice()
            if name in {"pay", "pay_late", "stray"}:
                self._receiver.calls.clear()
            if point is not None and kind == "kill" and not struck:
                struck = self._killed(name, case, point)
            faults.arm(self._hook(name, case, passed, point=None if struck else point, kind=kind))
            carry_on(self.world, case, name)
            faults.arm(None)
            struck = struck or point in passed
        assert point is None or struck, f"{point} was never reached"
        return passed

    def notice(self) -> tuple[dict[str, str], str]:
        """What the provider told the receiver, as a story can carry it."""
        wait_until(lambda: self._receiver.calls, message="the provider did not call")
        call = self._receiver.calls[-1]
        kept = {name: value for name, value in call.headers.items() if name.startswith(("wechatpay", "content-type"))}
        return kept, call.body.decode()

    def _killed(self, step: str, case: Case, point: str) -> bool:
        """Do the step in another process if it comes to the point; that one dies there."""
        if point not in self.passes[step]:
            return False
        assert self._zygote is not None
        ended = self._zygote.die(
            self.world.settings, sandbox_url=self._provider.base_url, step=step, case=case, point=point
        )
        assert ended == 9, f"{step} was not killed at {point}, but ended by {ended}"
        return True

    def rehearse(self) -> list[str]:
        """An undisturbed telling: where each step passes."""
        return self.tell()

    def _hook(
        self, step: str, case: Case, passed: list[str], *, point: str | None, kind: str | None
    ) -> Callable[[str], None]:
        def reached(name: str) -> None:
            first = name not in passed
            passed.append(name)
            if kind is None:
                self.passes[step].add(name)
                if first and self._holds_transaction():
                    self.enclosed.add(name)
            if name != point or not first:
                return
            if kind == "raise":
                raise faults.InjectedFault(name)
            if kind == "twice":
                self._overtake(step, case, name)

        return reached

    def _holds_transaction(self) -> bool:
        return bool(self.world.db.engine.pool.checkedout())  # type: ignore[attr-defined] # a QueuePool has it

    def _overtake(self, step: str, case: Case, point: str) -> None:
        """A second run of the step from here to its end, while the first stands still.

        Where the first holds a transaction open, the second would wait for it: it then runs behind it.
        """
        if self._holds_transaction():
            return
        if point not in LEASED:
            self.world.pass_time()
        with suppress(Refusal, AssertionError):
            STEPS[step](self.world, case)


def check_end(story: Story, world: World, provider: SandboxProcess, case: Case) -> None:
    match story.end:
        case "paid":
            _check_paid(world, provider, case)
        case "refused":
            ours = "select count(*) from payment_order o join payment_attempt a on a.order_id = o.id where a.out_trade_no = any (%s)"
            known = [order["out_trade_no"] for order in provider.orders()]
            assert world.one(ours, known) == 0
            assert world.one("select count(*) from txn where source = %s", Source.PAYMENT.value) == 0
        case "assigned" | "returned" | "waits":
            _check_stray(story.end, world, provider, case)
        case "paid together":
            _check_together(world, provider, case)
        case "joined":
            blind = world.vault.blind("app_user.phone", case["phone"])
            assert world.one("select count(*) from app_user where phone_blind = %s", blind) == 1
            joined = "select count(*) from wechat_identity where user_id = %s"
            # Whoever adds one is signed in by a code, and adds the WeChat that is theirs already.
            by_wechat = {"sign_in_by_wechat", "come_by_wechat"} & set(story.steps)
            assert world.one(joined, case["user_id"]) == len(by_wechat)
            sessions = "select count(*) - 1 from session_family where user_id = %s and revoked_at is null"
            opened = len(by_wechat) + ("sign_in" in story.steps)
            assert opened <= world.one(sessions, case["user_id"]) <= opened + 1
        case _:
            sessions = "select count(*) - 1 from session_family where user_id = %s and revoked_at is null"
            used = "select count(*) from otp_challenge where state = 'used' and phone_blind = %s"
            blind = world.vault.blind("app_user.phone", case["phone"])
            assert 1 <= world.one(sessions, case["user_id"]) == world.one(used, blind) <= 2
            asked = world.one("select count(*) from otp_challenge where phone_blind = %s", blind)
            assert len(provider.messages(case["phone"])) <= asked


def _check_together(world: World, provider: SandboxProcess, case: Case) -> None:
    """Both accounts are settled by one payment, once each, and the provider took what both took together."""
    with world.db.read() as session:
        number = session.sql(
            """select a.out_trade_no from payment_order o join payment_attempt a on a.order_id = o.id
               where o.payer_user_id = :user and o.state = 'paid' and a.state = 'paid'""",
            user=case["user_id"],
        ).scalar_one()
        books = [
            ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=case[name])
            for name in ("account_id", "second")
        ]
        booked = session.sql(
            """select p.book_id, p.amount from txn t join posting p on p.book_id = t.book_id and p.no = t.no
               where t.book_id = any(:books) and t.source = :source order by p.book_id""",
            books=books,
            source=Source.PAYMENT.value,
        ).all()
        assert payments.check_claims(session) == []
        for name in ("account_id", "second"):
            assert payments.check_invariants(session, first_account=case[name], last_account=case[name]) == []
            assert billing.check_invariants(session, first_account=case[name], last_account=case[name]) == []
    order = provider.order(number)
    assert order is not None
    assert (order["state"], order["amount"]) == ("SUCCESS", 2 * BILL_MINOR)
    assert [(each.book_id, each.amount) for each in booked] == [(book, BILL_MINOR) for book in sorted(books)]  # type: ignore[type-var] # both have a book
    left = "select sum(open_minor) from bill where account_id in (%s, %s)"
    assert world.one(left, case["account_id"], case["second"]) == 0


def _check_stray(end: str, world: World, provider: SandboxProcess, case: Case) -> None:
    """Nobody's money lies in one place, and the provider's books say the same."""
    suspense = "select state, id, refund_id from payment_suspense where out_trade_no = :no"
    with world.db.read() as session:
        [found] = session.sql(suspense, no=case["stray"]).all()
        refunds = session.sql("select * from payment_refund where suspense_id = :id", id=found.id).all()
        assert payments.check_claims(session) == []
        posted = session.sql(
            """select count(*) filter (where t.source = 6) as out, count(*) filter (where t.source = -6) as back,
                 count(*) filter (where t.source = 9) as placed
               from txn t where t.source_id in (select posting_id from payment_refund where suspense_id = :id
                 union select assignment_id from payment_suspense where id = :id)""",
            id=found.id,
        ).one()
        book = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=case["account_id"])
        assert book is None or ledger.check_invariants(session, first_book=book, last_book=book) == []
    numbers = {each.out_refund_no for each in refunds}
    gone = [each["amount"] for each in provider.refunds() if each["out_refund_no"] in numbers]
    left = world.one("select open_minor from bill where account_id = %s", case["account_id"])
    ends = {
        "assigned": ("assigned", [], (0, 0, 1), [], BILL_MINOR - PAID_MINOR),
        "returned": ("returned", ["done"], (1, 0, 0), [PAID_MINOR], BILL_MINOR),
        "waits": ("open", ["failed"], (1, 1, 0), [], BILL_MINOR),
    }
    assert (found.state, [each.state for each in refunds], tuple(posted), gone, left) == ends[end]


def _check_paid(world: World, provider: SandboxProcess, case: Case) -> None:
    with world.db.read() as session:
        rows = session.sql(
            """select o.state, a.out_trade_no from payment_order o join payment_attempt a on a.order_id = o.id
               where o.payer_user_id = :user""",
            user=case["user_id"],
        ).all()
        book = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=case["account_id"])
        assert book is not None
        assert ledger.check_invariants(session, first_book=book, last_book=book) == []
        account = case["account_id"]
        assert billing.check_invariants(session, first_account=account, last_account=account) == []
        booked = session.sql(
            """select count(distinct t.no) as times, coalesce(sum(p.amount), 0) as minor from txn t
               join posting p on p.book_id = t.book_id and p.no = t.no where t.book_id = :book and t.source = :source""",
            book=book,
            source=Source.PAYMENT.value,
        ).one()
    numbers = {row.out_trade_no for row in rows}
    taken = sum(
        order["amount"]
        for order in provider.orders()
        if order["out_trade_no"] in numbers and order["state"] == "SUCCESS"
    )
    assert (taken, booked.minor, booked.times) == (PAID_MINOR, PAID_MINOR, 1)
    states = {row.state for row in rows}
    assert "paid" in states
    assert states <= {"paid", "failed"}, "an order is left over"
    assert world.one("select open_minor from bill where account_id = %s", case["account_id"]) == BILL_MINOR - PAID_MINOR
    receipts = [message for message in provider.messages(case["phone"]) if message["template"] == "payment_receipt"]
    assert len(receipts) == 1, f"{len(receipts)} receipts"
    inbox = "select count(*) from message where owner = %s and channel = 'inbox' and template = 'payment_receipt'"
    assert world.one(inbox, f"user:{case['user_id']}") == 1
