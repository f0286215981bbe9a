"""Steps of stories at the money desk: staff look into payments, and money that is nobody's is assigned or goes back."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

from core import clock
from core.audit import Actor
from core.money import Money
from services.accounts.roles import StaffRole
from services.payments import flows as payments
from services.payments.ports import PROVIDERS, AlreadyPaid, Method, Payer, Prepay
from tests.factories import staff as people
from tests.faults.world import PAID_MINOR, WECHAT_PAY, Case, World
from tests.support.waiting import wait_until
from web import cookies


def look_into(world: World, case: Case) -> bool:
    """Somebody of the staff asks the provider for them."""
    world.pass_time()
    if "staff_id" not in case:
        with world.db.write() as session:
            code = session.sql(
                "select u.code from unit u join account a on a.unit_id = u.id where a.id = :id", id=case["account_id"]
            ).scalar_one()
            name = f"desk{uuid4().hex[:12]}"
            member = people.employ(session, world.vault, role=StaffRole.FINANCE, unit=code, name=name, now=clock.now())
            case["staff_id"] = str(member.staff_id)
    payments.look_into(
        world.db,
        vault=world.vault,
        payment_no=case["payment_no"],
        staff_id=UUID(case["staff_id"]),
        actor=Actor(f"staff:{case['staff_id']}"),
        now=clock.now(),
    )
    state = "select state = 'paid' from payment_order where payment_no = %s"
    return bool(world.one(state, case["payment_no"]))


def stray(world: World, case: Case) -> bool:
    """Somebody pays at the provider under a number that is none of ours."""
    number = case.setdefault("stray", uuid4().hex)
    provider, until = PROVIDERS.get()[WECHAT_PAY], clock.now() + timedelta(minutes=30)
    method = Method.WECHAT_NATIVE
    wish = Prepay(method, number, Money(PAID_MINOR, "CNY"), "elsewhere", until, Payer("203.0.113.7"))
    with suppress(AlreadyPaid):
        provider.prepare(method, provider.compose(wish))
    return world.sandbox.post(f"/__sandbox__/wechat-pay/orders/{number}/pay").status_code in {200, 409}


def _at_the_desk(world: World, case: Case, act: str, **fields: str) -> int:
    """Somebody of the finance department, who has just given a code, does something with the stray money."""
    if "desk" not in case:
        with world.db.write() as session:
            name = f"desk{uuid4().hex[:12]}"
            code = session.sql("select min(code) from unit where parent_id is null").scalar_one()
            member = people.employ(session, world.vault, role=StaffRole.FINANCE, unit=code, name=name, now=clock.now())
        case["desk"] = member.cookie
    suspense_id = world.one("select id from payment_suspense where out_trade_no = %s", case["stray"])
    return world.http.post(
        f"/staff/suspense/{suspense_id}/{act}",
        data={"csrf": cookies.form_token(world.vault, f"staff|{case['desk']}"), **fields},
        headers={"cookie": f"{cookies.staff_session_name(world.settings)}={case['desk']}"},
        follow_redirects=False,
    ).status_code


def assign(world: World, case: Case) -> bool:
    """The money is this customer's, somebody says; a page that is out of date says that it has its place already."""
    return _at_the_desk(world, case, "assign", account_no=case["account_no"]) in {303, 422}


def send_back(world: World, case: Case) -> bool:
    """The money is nobody's: it goes back."""
    return _at_the_desk(world, case, "return", why="nobody knows the payer") in {303, 422}


def _refund(case: Case) -> str:
    """What a query needs to find the refund of this story."""
    return f"(select id from payment_suspense where out_trade_no = '{case['stray']}')"


def refund(world: World, case: Case) -> bool:
    """The job of refunds, and the moment that the provider takes."""
    payments.check_refunds_due(world.db, now=clock.now())
    number = world.one(f"select out_refund_no from payment_refund where suspense_id = {_refund(case)}")

    def stands() -> str | None:
        listed = world.sandbox.get("/__sandbox__/wechat-pay/refunds").json()
        return next((each["state"] for each in listed if each["out_refund_no"] == number), None)

    wait_until(lambda: stands() in {None, "SUCCESS"}, message="the provider did not send it back")
    return bool(world.one(f"select state = 'done' from payment_refund where suspense_id = {_refund(case)}"))


def refund_in_vain(world: World, case: Case) -> bool:
    """The job of refunds, a day later each time."""
    case["days"] = case.get("days", -1) + 1
    payments.check_refunds_due(world.db, now=clock.now() + timedelta(hours=25 * case["days"]))
    return bool(world.one(f"select state = 'failed' from payment_refund where suspense_id = {_refund(case)}"))
