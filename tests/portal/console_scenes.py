"""Pages of the console about customers, in every state that they have."""

from typing import Final
from uuid import uuid4

from core import clock
from core.audit import Actor
from core.money import Money
from services.accounts import operations as accounts
from services.accounts.roles import StaffRole
from services.payments import operations as payments
from services.payments import queries
from services.payments.ports import Notice, ProviderResult, RefundResult, RefundStatus, TradeState
from tests.factories import payments as paying
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import Member
from tests.portal.scenes import Stage, scene
from web import cookies

UNIT: Final = "37"


def at_work(stage: Stage, role: StaffRole = StaffRole.ADMIN, *, unit: str = UNIT) -> Member:
    """Sign in as somebody new of the staff, who has just given a code."""
    deployment = stage.visit.deployment
    with stage.database.write() as session:
        make_unit(session, code=unit)
        member = people.employ(session, deployment.vault, role=role, unit=unit, now=clock.now())
    name = cookies.staff_session_name(deployment.settings)
    stage.visit.context.add_cookies([{"name": name, "value": member.cookie, "url": f"{deployment.url}/staff"}])
    return member


@scene
def staff_search_first(stage: Stage) -> None:
    at_work(stage)
    stage.visit.open("/staff/search")


@scene
def staff_search_found(stage: Stage) -> None:
    at_work(stage)
    with stage.database.write() as session:
        for number in range(3):
            make_account(
                session,
                stage.visit.deployment.vault,
                name=f"欧阳娜{'娜丽华'[number]}",
                phone=f"+861380013{number:04d}",
                state=("active", "suspended", "closed")[number],
            )
    page = stage.visit.open("/staff")
    page.fill("#find", "欧阳娜")
    page.press("#find", "Enter")
    page.wait_for_selector(".sheet")


@scene
def staff_search_nothing(stage: Stage) -> None:
    at_work(stage)
    page = stage.visit.open("/staff")
    page.fill("#find", "诸葛孔明")
    page.press("#find", "Enter")
    page.wait_for_selector(".empty")


def served(stage: Stage) -> str:
    """An account with bills, payments, people, messages and a note; answers its number."""
    home = stage.household(12_860, 9_900)
    deployment = stage.visit.deployment
    deployment.act_as_web()
    no = paying.payment_no()
    paying.start(stage.database, deployment.vault, paying.wanted(home, 12_860), no=no)
    attempt = paying.latest(stage.database, no)
    with stage.database.write() as session:
        payments.apply_provider_result(session, result=paying.paid(attempt), now=clock.now())
        unit = session.sql("select code from unit where id = :id", id=home.account.unit_id).scalar_one()
    member = at_work(stage, unit=unit)
    with stage.database.write() as session:
        accounts.write_note(
            session,
            vault=deployment.vault,
            account_no=home.account.account_no,
            text="来电咨询三月电费，已解释阶梯电价。\n答应周五前回电。",
            staff_id=member.staff_id,
            actor=Actor(f"staff:{member.staff_id}"),
            now=clock.now(),
        )
    return home.account.account_no


@scene
def staff_customer(stage: Stage) -> None:
    stage.visit.open(f"/staff/accounts/{served(stage)}")


@scene
def staff_bill(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/accounts/{served(stage)}")
    page.click("section[aria-labelledby=bills] tbody tr:last-child th a")
    page.wait_for_selector("#settled")


@scene
def staff_form_refused(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/accounts/{served(stage)}")
    page.evaluate("document.getElementById('text').removeAttribute('maxlength')")
    page.fill("#text", "x" * 4_001)
    page.click("form[action$='/notes'] button")
    page.wait_for_selector("main dl")


@scene
def staff_customer_empty(stage: Stage) -> None:
    at_work(stage)
    with stage.database.write() as session:
        made = make_account(session, stage.visit.deployment.vault, phone=None)
    stage.visit.open(f"/staff/accounts/{made.account_no}")


@scene
def staff_customer_section(stage: Stage) -> None:
    stage.visit.open(f"/staff/accounts/{served(stage)}/payments")


@scene
def staff_revealed(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/accounts/{served(stage)}")
    page.fill("#reason", "客户来电核对号码")
    page.click(".reveal button")
    page.wait_for_selector("mark")


@scene
def staff_reveal_wrong(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/accounts/{served(stage)}")
    page.fill("#reason", "x")
    page.click(".reveal button")
    page.wait_for_selector("#summary")


def looked_into(stage: Stage) -> str:
    """A payment here that was told twice, the second time in vain; answers its number."""
    account_no = served(stage)
    with stage.database.write() as session:
        row = session.sql(
            """select o.payment_no, t.out_trade_no, t.id from payment_order o join payment_attempt t on t.order_id = o.id
               join payment_part p on p.attempt_id = t.id join account a on a.id = p.account_id
               where a.account_no = :no limit 1""",
            no=account_no,
        ).first()
        assert row is not None
        attempt = queries.attempt(session, attempt_id=row.id)
        assert attempt is not None
        for result in (paying.paid(attempt), paying.paid(attempt, transaction_id=None)):
            payments.receive_notice(
                session,
                source=paying.WECHAT,
                notice=Notice(uuid4().hex, result),
                body=b'{"sealed": "x"}',
                now=clock.now(),
            )
    return str(row.payment_no)


@scene
def staff_payment(stage: Stage) -> None:
    stage.visit.open(f"/staff/payments/{looked_into(stage)}?told=nothing")


@scene
def staff_payment_wrong(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/payments/{looked_into(stage)}")
    page.click("details.reveal >> nth=0")
    page.click("details.reveal .actions button >> nth=0")
    page.wait_for_selector("#summary")


@scene
def staff_payment_revealed(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/payments/{looked_into(stage)}")
    page.click("details.reveal >> nth=0")
    page.fill("details.reveal input[name=reason] >> nth=0", "客户出示了支付凭证")
    page.click("details.reveal .actions button >> nth=0")
    page.wait_for_selector("pre")


@scene
def staff_unknown_payments(stage: Stage) -> None:
    stage.visit.deployment.act_as_web()
    home = stage.household(7_700)
    no = paying.start(stage.database, stage.visit.deployment.vault, paying.wanted(home, 7_700)).payment.payment_no
    with stage.database.write() as session:
        session.sql(
            """update payment_attempt t set state = 'unknown', created_at = t.created_at - interval '1 hour', failures = 3
               from payment_order o where o.id = t.order_id and o.payment_no = :no""",
            no=no,
        )
        code = session.sql("select code from unit where id = :id", id=home.account.unit_id).scalar_one()
    at_work(stage, unit=code)
    stage.visit.open("/staff/payments/unknown")


@scene
def staff_unknown_payments_none(stage: Stage) -> None:
    at_work(stage, unit="38")
    stage.visit.open("/staff/payments/unknown")


def stray(stage: Stage, amount_minor: int) -> int:
    """Money for a number that is not ours; answers its suspense."""
    result = ProviderResult(
        paying.WECHAT,
        f"STRANGER{uuid4().int % 10**16:016d}",
        TradeState.PAID,
        amount=Money(amount_minor, "CNY"),
        transaction_id=uuid4().hex,
        paid_at=clock.now(),
    )
    stage.visit.deployment.act_as_web()
    with stage.database.write() as session:
        payments.apply_provider_result(session, result=result, now=clock.now())
        found: int = session.sql("select max(id) from payment_suspense").scalar_one()
    return found


def at_the_top(stage: Stage) -> Member:
    """Sign in as somebody who may do everything everywhere."""
    member = at_work(stage)
    with stage.database.write() as session:
        tops = session.sql("select code from unit where parent_id is null and code <> :code", code=UNIT).scalars()
        for code in list(tops):
            people.grant(session, member.staff_id, role=StaffRole.ADMIN, unit=code, now=clock.now())
    return member


@scene
def staff_suspense(stage: Stage) -> None:
    stray(stage, 12_860)
    stray(stage, 200_000)
    at_the_top(stage)
    stage.visit.open("/staff/suspense")


def many(stage: Stage, count: int) -> None:
    """Chosen sums that came for an account here, and one of nobody."""
    account = stage.household().account
    waiting = [stray(stage, 2_860 + number) for number in range(count)]
    with stage.database.write() as session:
        session.sql(
            "update payment_suspense set account_id = :account, unit_ids = array[cast(:unit as int)] where id = any(:ids)",
            account=account.id,
            unit=account.unit_id,
            ids=waiting,
        )
    chosen = "&".join(f"sum={each}" for each in [*waiting, stray(stage, 4_200)])
    at_the_top(stage)
    stage.visit.open(f"/staff/suspense/many?{chosen}")


@scene
def staff_suspense_choosing(stage: Stage) -> None:
    many(stage, 3)
    stage.visit.open("/staff/suspense")


@scene
def staff_suspense_many(stage: Stage) -> None:
    many(stage, 3)


@scene
def staff_suspense_many_wrong(stage: Stage) -> None:
    many(stage, 11)
    page = stage.visit.page
    page.fill("#count", "12")
    page.click("form[action$='/many'] button")
    page.wait_for_selector("#summary")


@scene
def staff_suspense_item(stage: Stage) -> None:
    waiting = stray(stage, 200_000)
    at_the_top(stage)
    stage.visit.open(f"/staff/suspense/{waiting}")


@scene
def staff_suspense_claimed(stage: Stage) -> None:
    waiting = stray(stage, 200_000)
    with stage.database.write() as session:
        known = session.sql("select transaction_id, paid_at from payment_suspense where id = :id", id=waiting).one()
        result = ProviderResult(
            paying.WECHAT,
            uuid4().hex[:26].upper(),
            TradeState.PAID,
            amount=Money(200_000, "CNY"),
            transaction_id=known.transaction_id,
            paid_at=known.paid_at,
        )
        payments.apply_provider_result(session, result=result, now=clock.now())
        claim = session.sql("select max(id) from payment_suspense").scalar_one()
    at_the_top(stage)
    stage.visit.open(f"/staff/suspense/{claim}")


@scene
def staff_suspense_wrong(stage: Stage) -> None:
    waiting = stray(stage, 12_860)
    at_the_top(stage)
    page = stage.visit.open(f"/staff/suspense/{waiting}")
    page.fill("#account_no", "9999999999")
    page.click("form[action$='/assign'] button")
    page.wait_for_selector("#summary")


def sent_back(stage: Stage, amount_minor: int) -> tuple[int, str]:
    """Nobody's money whose return was decided; answers its suspense and the refund's number."""
    waiting = stray(stage, amount_minor)
    member = at_work(stage)
    with stage.database.write() as session:
        tops = session.sql("select code from unit where parent_id is null and code <> :code", code=UNIT).scalars()
        for code in list(tops):
            people.grant(session, member.staff_id, role=StaffRole.ADMIN, unit=code, now=clock.now())
        refund_id = payments.return_to_payer(
            session,
            suspense_id=waiting,
            why="查无此户，付款人亦联系不上，按原路退回。",
            by=member.staff_id,
            approved_by=None,
            actor=Actor(f"staff:{member.staff_id}"),
            now=clock.now(),
        )
        number: str = session.sql("select out_refund_no from payment_refund where id = :id", id=refund_id).scalar_one()
    return waiting, number


@scene
def staff_suspense_returned(stage: Stage) -> None:
    waiting, number = sent_back(stage, 12_860)
    with stage.database.write() as session:
        transaction = session.sql("select transaction_id from payment_suspense where id = :id", id=waiting).scalar_one()
        result = RefundResult(
            paying.WECHAT,
            number,
            RefundStatus.ABNORMAL,
            refund_id=uuid4().hex,
            transaction_id=transaction,
            amount=Money(12_860, "CNY"),
        )
        notice = Notice(uuid4().hex, None, refund=result)
        payments.receive_notice(session, source=paying.WECHAT, notice=notice, body=b"{}", now=clock.now())
    stage.visit.open(f"/staff/suspense/{waiting}")


@scene
def staff_suspense_twice(stage: Stage) -> None:
    home = served(stage)
    waiting, number = sent_back(stage, 12_860)
    at_the_top(stage)
    with stage.database.write() as session:
        payments.keep_refund_refusal(session, out_refund_no=number, reason="USERACCOUNTABNORMAL", now=clock.now())
        by = session.sql("select requested_by from payment_refund where out_refund_no = :no", no=number).scalar_one()
        payments.assign(
            session, suspense_id=waiting, account_no=home, by=by, actor=Actor(f"staff:{by}"), now=clock.now()
        )
        row = session.sql("select transaction_id from payment_suspense where id = :id", id=waiting).one()
        done = RefundResult(
            paying.WECHAT,
            number,
            RefundStatus.DONE,
            refund_id=uuid4().hex,
            transaction_id=row.transaction_id,
            amount=Money(12_860, "CNY"),
        )
        payments.apply_refund_result(session, result=done, now=clock.now())
    stage.visit.open(f"/staff/suspense/{waiting}")


@scene
def staff_suspense_not_returned(stage: Stage) -> None:
    waiting, number = sent_back(stage, 12_860)
    with stage.database.write() as session:
        payments.keep_refund_refusal(session, out_refund_no=number, reason="USERACCOUNTABNORMAL", now=clock.now())
    stage.visit.open(f"/staff/suspense/{waiting}")


@scene
def staff_suspense_return_wrong(stage: Stage) -> None:
    waiting = stray(stage, 12_860)
    at_the_top(stage)
    page = stage.visit.open(f"/staff/suspense/{waiting}")
    page.click("form[action$='/return'] button")
    page.wait_for_selector("#summary")


@scene
def staff_health(stage: Stage) -> None:
    at_the_top(stage)
    with stage.database.write() as session:
        session.sql(
            """insert into set_aside (work, owner, part, together, failures, reason)
               values ('usage.aggregate', 1, '2026-06', 1, 3, 'DataError: division by zero') on conflict do nothing"""
        )
    stage.visit.open("/staff/health")


def looked(stage: Stage, path: str = "") -> None:
    """Look at a served account as its owner does."""
    no = served(stage)
    page = stage.visit.open(f"/staff/accounts/{no}")
    page.fill("#why", "客户来电称看不到三月账单")
    page.click("form[action$='/look'] button")
    page.wait_for_selector(".onlooker")
    if path:
        stage.visit.open(f"/staff/as/{no}{path}")


@scene
def staff_look_home(stage: Stage) -> None:
    looked(stage)


@scene
def staff_look_usage(stage: Stage) -> None:
    looked(stage, "/usage")


@scene
def staff_look_bill(stage: Stage) -> None:
    looked(stage, "/bills")
    stage.visit.page.click(".row >> nth=0")
    stage.visit.page.wait_for_selector("tfoot")


@scene
def staff_look_wrong(stage: Stage) -> None:
    page = stage.visit.open(f"/staff/accounts/{served(stage)}")
    page.fill("#why", "x")
    page.click("form[action$='/look'] button")
    page.wait_for_selector("#summary")


@scene
def staff_look_over(stage: Stage) -> None:
    stage.visit.open(f"/staff/accounts/{served(stage)}?look=over")
