"""Pages of the console about webhooks, in every state that they have."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from core import clock
from notifications.webhooks import endpoints
from notifications.webhooks.events import TYPES, put
from services.accounts.queries import staffing
from tests.factories.staff import ACTOR, Member
from tests.portal.staff_scenes import ROOT, Desk, scene
from tests.support.office import PUBLIC_URL

LONG_URL: Final = (
    "https://integration-gateway.billing.jiangdong-power.example:8443/api/v2/tenants/3701/wattline/events?token=abcdef"
)


def at_work(desk: Desk, *, is_fresh: bool = True) -> Member:
    """Sit down where there is no endpoint yet."""
    with desk.database.write() as session:
        session.sql(
            """update webhook_endpoint set state = 'deleted', disabled_why = 'staff', disabled_at = now(),
                 secret_sealed = null, earlier_sealed = null, earlier_until = null"""
        )
    return desk.sign_in(is_fresh=is_fresh)


def endpoint(desk: Desk, me: Member, *, name: str = "营销系统", url: str = PUBLIC_URL) -> UUID:
    """An endpoint of the whole supplier."""
    deployment = desk.visit.deployment
    with desk.database.write() as session:
        unit = staffing.unit_by_code(session, code=ROOT)
        assert unit is not None
        return endpoints.add(
            session,
            vault=deployment.vault,
            unit_id=unit.id,
            name=name,
            url=url,
            events=TYPES,
            staff_id=me.staff_id,
            actor=ACTOR,
            now=clock.now(),
        ).endpoint_id


def told(desk: Desk, endpoint_id: UUID) -> None:
    """Everything that a delivery can be, and a failing head."""
    now = clock.now()
    with desk.database.write() as session:
        for number, kind in enumerate(TYPES):
            put(
                session,
                endpoint_id=endpoint_id,
                kind=kind,
                data={"account_no": "3201000017", "bill_no": "B2026050017"},
                occurred_at=now - timedelta(minutes=40 - number),
                fact_id=None,
            )
        first = session.sql("select min(id) from webhook_delivery where endpoint_id = :id", id=endpoint_id).scalar_one()
        for place, change in enumerate(
            (
                "state = 'delivered', waits_since = null, delivered_at = now(), status = 200, attempts = 1",
                "state = 'set_aside', waits_since = null, status = 422, attempts = 3",
                "attempts = 2, status = 503",
                "error = 'no_answer', attempts = 1",
            )
        ):
            session.connection().exec_driver_sql(
                f"update webhook_delivery set tried_at = now(), {change} where endpoint_id = '{endpoint_id}' and id = {first + place}"
            )
        session.sql(
            "update webhook_endpoint set failures = 2, due_at = now() + interval '5 minutes', delivered_at = now() where id = :id",
            id=endpoint_id,
        )


@scene
def staff_webhooks(desk: Desk) -> None:
    me = at_work(desk)
    endpoint(desk, me)
    told(desk, endpoint(desk, me, name="Meter data management", url=LONG_URL))
    stopped(desk, endpoint(desk, me, name="呼叫中心"), "failing")
    desk.visit.open("/staff/webhooks")


def stopped(desk: Desk, endpoint_id: UUID, why: str) -> None:
    """Disabled, by whomever."""
    with desk.database.write() as session:
        session.sql(
            "update webhook_endpoint set state = 'disabled', disabled_why = :why, disabled_at = now() where id = :id",
            why=why,
            id=endpoint_id,
        )


@scene
def staff_webhooks_none(desk: Desk) -> None:
    at_work(desk)
    desk.visit.open("/staff/webhooks")


@scene
def staff_webhook_new(desk: Desk) -> None:
    at_work(desk, is_fresh=False)
    desk.visit.open("/staff/webhooks/new")


@scene
def staff_webhook_new_wrong(desk: Desk) -> None:
    at_work(desk)
    page = desk.visit.open("/staff/webhooks/new")
    page.fill("#url", "https://169.254.169.254/latest/meta-data")
    for box in page.locator("[name=events]").all():
        box.uncheck()
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_webhook_secret(desk: Desk) -> None:
    me = at_work(desk)
    page = desk.visit.open(f"/staff/webhooks/{endpoint(desk, me)}/change")
    page.click("form[action$='/secret'] button")
    page.wait_for_selector(".once")


@scene
def staff_webhook(desk: Desk) -> None:
    me = at_work(desk)
    made = endpoint(desk, me, name="Meter data management", url=LONG_URL)
    told(desk, made)
    page = desk.visit.open(f"/staff/webhooks/{made}?done=set_aside")
    page.click("main details summary >> nth=0")


@scene
def staff_webhook_empty(desk: Desk) -> None:
    me = at_work(desk)
    desk.visit.open(f"/staff/webhooks/{endpoint(desk, me)}")


@scene
def staff_webhook_stopped(desk: Desk) -> None:
    me = at_work(desk)
    made = endpoint(desk, me)
    told(desk, made)
    stopped(desk, made, "failing")
    desk.visit.open(f"/staff/webhooks/{made}?only=undelivered")


@scene
def staff_webhook_since_wrong(desk: Desk) -> None:
    me = at_work(desk)
    page = desk.visit.open(f"/staff/webhooks/{endpoint(desk, me)}")
    page.click("section[aria-labelledby=again] form button")
    page.wait_for_selector("#summary")


@scene
def staff_webhook_change(desk: Desk) -> None:
    me = at_work(desk)
    desk.visit.open(f"/staff/webhooks/{endpoint(desk, me)}/change")
