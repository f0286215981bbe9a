"""Pages of the console about what an account is measured, priced and entitled by, in every state that they have."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core import clock
from services.accounts import operations as accounts
from tests.factories.accounts import ACTOR, make_account
from tests.factories.readings import place_meter, show_register
from tests.factories.usage import bind, put_readings
from tests.portal.console_scenes import at_the_top
from tests.portal.scenes import TODAY, Stage, scene


def measured(stage: Stage) -> str:
    """An account with a meter that was exchanged, readings, a tariff and entitlements; answers its number."""
    with stage.database.write() as session:
        account = make_account(session, stage.visit.deployment.vault)
        old, new = f"M{account.id}-2019-0087", f"M{account.id}-2024-1180"
        place_meter(session, account_id=account.id, meter_no=old, since=date(2019, 6, 3), until=date(2024, 5, 6))
        place_meter(session, account_id=account.id, meter_no=new, since=date(2024, 5, 6))
        put_readings(session, account.id, {TODAY - timedelta(days=1): [250_000] * 96}, meter_no=new)
        show_register(
            session, account_id=account.id, meter_no=old, shown={datetime(2024, 5, 5, 16, tzinfo=UTC): 48_120_500_000}
        )
        bind(session, account.id, "RES-TIER", first=date(2019, 6, 3), end=date(2026, 1, 1))
        bind(session, account.id, "RES-TOU", no=2, first=date(2026, 1, 1))
        for kind, value, ends in (("persons", 6, 20), ("low_income", 1, 200), ("contract_kw", 12, None)):
            accounts.add_entitlement(
                session,
                account_id=account.id,
                kind=kind,
                value=Decimal(value),
                valid_from=TODAY - timedelta(days=300),
                valid_to=None if ends is None else TODAY + timedelta(days=ends),
                document="户口簿 2026-0231",
                renewals={},
                actor=ACTOR,
                now=clock.now(),
            )
    return account.account_no


@scene
def staff_customer_measured(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open(f"/staff/accounts/{measured(stage)}").wait_for_selector("#meters")


@scene
def staff_calendar(stage: Stage) -> None:
    at_the_top(stage)
    year = TODAY.year + 1
    with stage.database.write() as session:
        session.sql(
            """insert into holiday (day, name, kind)
               values (make_date(:year, 1, 1), 'new_year', 'holiday'), (make_date(:year, 2, 21), 'spring_swap', 'workday'),
                 (make_date(:year, 10, 1), 'national_day', 'holiday') on conflict do nothing""",
            year=year,
        )
        session.sql(
            """insert into temperature_day (place, day, max_c)
               values ('jinan', make_date(:year, 7, 1), 36.5), ('jinan', make_date(:year, 7, 2), 35) on conflict do nothing""",
            year=year,
        )
    stage.visit.open(f"/staff/calendar?year={year}").wait_for_selector(".sheet")


@scene
def staff_calendar_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open("/staff/calendar?year=2180")
    page.fill("#day", "2180-10-01")
    page.fill("#holiday", "国庆节")
    page.click("form[action$='/holidays'] button")
    page.wait_for_selector("#summary")


@scene
def staff_entitlements(stage: Stage) -> None:
    at_the_top(stage)
    measured(stage)
    stage.visit.open("/staff/entitlements").wait_for_selector(".sheet")


@scene
def staff_entitlements_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open(f"/staff/entitlements/{measured(stage)}?renew=1")
    page.click("section[aria-labelledby=add] button")
    page.wait_for_selector("#summary")
