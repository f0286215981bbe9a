"""Every page of the portal in every state that it has: how a visitor comes there."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from core import clock
from core.db import Database
from notifications import inbox as inbox_of
from services.accounts.models import Role
from services.accounts.queries import AccountRef
from services.payments import flows, operations
from services.payments.ports import Method
from tests.factories import payments as paying
from tests.factories.accounts import grant, make_account
from tests.factories.billing import make_bill
from tests.factories.payments import Household
from tests.support.browser import PATIENCE_MS, Visit
from tests.support.waiting import wait_until

phones = itertools.count(1)
"""Ends of telephone numbers that nobody had before."""

SCENES: Final[dict[str, Callable[["Stage"], None]]] = {}
LONG_NAME: Final = "江东省云溪县高新技术产业开发区新能源汽车动力电池材料研究与循环利用有限责任公司"
TODAY: Final = clock.now().date()


@dataclass
class Stage:
    """One visitor before a deployment, and what a scene needs of both."""

    visit: Visit

    @property
    def database(self) -> Database:
        """The deployment's database."""
        return self.visit.deployment.database

    def person(self) -> UUID:
        """Sign in as somebody new."""
        return self.visit.sign_in_as(f"+8613700{next(phones):06d}")

    def account(self, person: UUID, *, role: Role = Role.OWNER, **other: Any) -> AccountRef:
        """An account that a person may use."""
        with self.database.write() as session:
            made = make_account(session, self.visit.deployment.vault, **other)
            grant(session, user_id=person, account_id=made.id, role=role)
        return made

    def bill(self, account: AccountRef, *, amount_minor: int, due_in_days: int = 18, **other: Any) -> None:
        """An open bill."""
        with self.database.write() as session:
            make_bill(
                session,
                account,
                amount_minor=amount_minor,
                due_date=TODAY + timedelta(days=due_in_days),
                now=clock.now(),
                **other,
            )

    def household(self, *amounts: int) -> Household:
        """A new person with an account and bills."""
        return paying.household(
            self.database, self.visit.deployment.vault, bills=amounts or (12_860,), user_id=self.person()
        )

    def payment(self, method: Method = Method.WECHAT_NATIVE, *, amount_minor: int = 12_860) -> str:
        """A payment that waits; answers its number."""
        home = self.household()
        self.visit.deployment.act_as_web()
        no = paying.payment_no()
        want = paying.wanted(home, amount_minor, method=method)
        paying.start(self.database, self.visit.deployment.vault, want, no=no)
        return no

    def order(self) -> tuple[str, UUID]:
        """A payment that never came to the provider; answers its number and its attempt."""
        home = self.household()
        self.visit.deployment.act_as_web()
        no = paying.order(self.database, self.visit.deployment.vault, paying.wanted(home, 12_860))
        return no, paying.latest(self.database, no).id


def scene(act: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Add a scene under its own name."""
    SCENES[act.__name__] = act
    return act


@scene
def sign_in(stage: Stage) -> None:
    stage.visit.open("/sign-in")


@scene
def sign_in_wrong(stage: Stage) -> None:
    page = stage.visit.open("/sign-in")
    page.fill("#phone", "12")
    page.click("main button")
    page.wait_for_selector("#summary")


@scene
def code(stage: Stage) -> None:
    page = stage.visit.open("/sign-in")
    page.fill("#phone", f"13700{next(phones):06d}")
    page.click("main button")
    page.wait_for_selector("#code")


@scene
def code_wrong(stage: Stage) -> None:
    code(stage)
    page = stage.visit.page
    page.fill("#code", "000000")
    page.click("main form:has(#code) button")
    page.wait_for_selector("#summary")


@scene
def link_first(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/")
    stage.visit.page.wait_for_url("**/accounts/link")


@scene
def link_wrong(stage: Stage) -> None:
    stage.account(stage.person())
    page = stage.visit.open("/accounts/link")
    page.fill("#account_no", "3201000009")
    page.fill("#name_character", "王")
    page.fill("#proof_value", "12.30")
    page.click("main form button[type=submit]")
    page.wait_for_selector("#summary")


@scene
def home_due(stage: Stage) -> None:
    person = stage.person()
    account = stage.account(person, name="陈晓云")
    for back, amount in enumerate((13_284, 15_021, 9_870)):
        stage.bill(
            account,
            amount_minor=amount,
            due_in_days=18 + back * 30,
            period_first=f"2026-{back + 3:02d}-01",
            period_end=f"2026-{back + 4:02d}-01",
        )
    stage.visit.open("/")


@scene
def home_overdue(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138001")
    stage.visit.open("/")


@scene
def home_all_paid(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138007")
    stage.visit.open("/")


@scene
def home_viewer(stage: Stage) -> None:
    account = stage.account(stage.person(), role=Role.VIEWER, name="吴海")
    stage.bill(account, amount_minor=8_845)
    stage.visit.open("/")


@scene
def home_new(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/?linked=1")


@scene
def home_long(stage: Stage) -> None:
    person = stage.person()
    account = stage.account(person, name=LONG_NAME)
    with stage.database.write() as session:
        session.sql(
            """update premises set district = '云溪县高新技术产业开发区', street = '新能源汽车动力电池产业园北区第三十六号路',
               building = '研发中心综合楼及附属生产车间12345号' where premises_no = :no""",
            no=account.account_no,
        )
    stage.bill(account, amount_minor=123_456_789_012, energy_kwh="2345678901.5")
    stage.visit.open("/")


@scene
def switcher(stage: Stage) -> None:
    person = stage.person()
    for number in range(5):
        account = stage.account(person, name="林小满", last_bill_minor=100 * number)
    stage.bill(account, amount_minor=4_210)
    page = stage.visit.open("/")
    page.click(".switcher summary")


@scene
def all_accounts(stage: Stage) -> None:
    person = stage.person()
    for _ in range(9):
        stage.account(person, name="林小满")
    page = stage.visit.open("/")
    page.click(".switcher summary")
    page.click(".switcher a[href='/accounts']")
    page.wait_for_selector("#part")


@scene
def bills(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138001")
    stage.visit.open("/bills")


@scene
def bills_empty(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/bills")


@scene
def bill(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138003")
    page = stage.visit.open("/bills")
    page.click("#rows a")
    page.wait_for_selector("main table")


@scene
def bill_paid(stage: Stage) -> None:
    _paid(stage)
    page = stage.visit.open("/bills")
    page.click("#rows a")
    page.wait_for_selector("main time")


@scene
def bill_industrial(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138014")
    page = stage.visit.open("/bills")
    page.click("#rows a")
    page.wait_for_selector("main table")


@scene
def pay(stage: Stage) -> None:
    home = stage.household(12_860, 9_925)
    stage.visit.open(f"/pay/{home.account.account_no}")


@scene
def pay_wrong(stage: Stage) -> None:
    home = stage.household()
    page = stage.visit.open(f"/pay/{home.account.account_no}")
    page.fill("#amount", "12,3x")
    page.click("main form button[type=submit]")
    page.wait_for_selector("#summary")


@scene
def pay_running(stage: Stage) -> None:
    no = stage.payment()
    stage.visit.open(f"/payments/{no}")
    account_no = stage.visit.page.inner_text("#status .facts dd >> nth=1")
    stage.visit.open(f"/pay/{account_no}")


@scene
def payment_waiting_by_code(stage: Stage) -> None:
    stage.visit.open(f"/payments/{stage.payment()}")


@scene
def payment_waiting_on_phone(stage: Stage) -> None:
    stage.visit.open(f"/payments/{stage.payment(Method.WECHAT_H5)}")


@scene
def payment_to_change(stage: Stage) -> None:
    stage.visit.open(f"/payments/{stage.payment()}/change")


@scene
def payment_unknown(stage: Stage) -> None:
    no, attempt = stage.order()
    with stage.database.write() as session:
        operations.keep_doubt(session, attempt_id=attempt, now=clock.now())
    stage.visit.open(f"/payments/{no}")


@scene
def payment_failed(stage: Stage) -> None:
    no, attempt = stage.order()
    with stage.database.write() as session:
        operations.keep_refusal(session, attempt_id=attempt, reason="PARAM_ERROR", now=clock.now())
    stage.visit.open(f"/payments/{no}")


@scene
def payment_closed(stage: Stage) -> None:
    no = stage.payment()
    flows.close_attempt(stage.database, attempt=paying.latest(stage.database, no), now=clock.now())
    stage.visit.open(f"/payments/{no}")


@scene
def payment_suspended(stage: Stage) -> None:
    no = stage.payment()
    paying.apply(stage.database, paying.paid(paying.latest(stage.database, no), amount=paying.yuan(12_800)))
    stage.visit.open(f"/payments/{no}")


def _paid(stage: Stage, amount_minor: int = 12_860) -> str:
    no = stage.payment(amount_minor=amount_minor)
    stage.visit.deployment.sandbox.pay(stage.visit.deployment.out_trade_no(no))
    wait_until(
        lambda: paying.latest(stage.database, no).state == "paid",
        timeout_s=PATIENCE_MS / 1000,
        message="the callback did not settle the payment",
    )
    return no


@scene
def payment_paid(stage: Stage) -> None:
    stage.visit.open(f"/payments/{_paid(stage)}")


@scene
def home_prepaid(stage: Stage) -> None:
    _paid(stage, amount_minor=20_000)
    stage.visit.open("/")


@scene
def home_supply_stopped(stage: Stage) -> None:
    stage.visit.sign_in_as("+8613800138008")
    stage.visit.open("/")


@scene
def receipt(stage: Stage) -> None:
    stage.visit.open(f"/payments/{_paid(stage)}/receipt")


@scene
def receipt_of_two_sums(stage: Stage) -> None:
    no = _paid(stage)
    attempt = paying.latest(stage.database, no)
    paying.apply(stage.database, paying.paid(attempt))
    stage.visit.open(f"/payments/{no}/receipt")


def _told_of_bills(stage: Stage, count: int) -> None:
    """A person whose inbox has so many bills that are ready."""
    person = stage.person()
    account = stage.account(person)
    for _ in range(count):
        stage.bill(account, amount_minor=12_860, issue_date=str(TODAY))

    def told() -> bool:
        with stage.database.read() as session:
            return inbox_of.unread_count(session, user_id=person) == count

    wait_until(told, timeout_s=60, message="the bills are not told")


@scene
def inbox(stage: Stage) -> None:
    _told_of_bills(stage, 3)
    stage.visit.open("/inbox")


@scene
def inbox_empty(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/inbox")


@scene
def message(stage: Stage) -> None:
    _told_of_bills(stage, 1)
    page = stage.visit.open("/inbox")
    page.click("main .rows a")
    page.wait_for_selector("article")
    page.wait_for_selector("#read", state="detached")


@scene
def me(stage: Stage) -> None:
    phone = f"+8613700{next(phones):06d}"
    for _ in range(3):
        person = stage.visit.sign_in_as(phone)
    stage.account(person, name="林小满")
    stage.account(person, name=LONG_NAME)
    stage.visit.open("/me")


@scene
def data(stage: Stage) -> None:
    stage.person()
    page = stage.visit.open("/me/data")
    page.click("form[action='/me/data/copy'] button")
    page.wait_for_selector("main .note")


@scene
def erase_code_wrong(stage: Stage) -> None:
    stage.person()
    page = stage.visit.open("/me/data")
    page.click("form[action='/me/data/erase'] button")
    page.wait_for_selector("#code")
    page.fill("#code", "000000")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def consents(stage: Stage) -> None:
    stage.person()
    page = stage.visit.open("/me/consents")
    page.click("form[action$='analysis/give'] button")
    page.wait_for_selector("form[action$='analysis/withdraw']")


@scene
def me_without_account(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/me")


@scene
def not_found(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/bills/3201000001/nothing")


@scene
def error_codes(stage: Stage) -> None:
    stage.visit.open("/docs/problems#busy")


@scene
def form_out_of_date(stage: Stage) -> None:
    page = stage.visit.open("/sign-in")
    page.evaluate("document.querySelector('[name=csrf]').value = 'old'")
    page.fill("#phone", "13800138000")
    page.click("main button")
    page.wait_for_selector(".state")


@scene
def broken(stage: Stage) -> None:
    account = stage.account(stage.person())
    stage.bill(account, amount_minor=100, bill_no=f"X{account.account_no}")
    with stage.visit.deployment.without_table("bill_line"):
        stage.visit.open(f"/bills/{account.account_no}/X{account.account_no}")
