"""Pages of the console about tariffs and readings, in every state that they have."""

import itertools
import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from app import wiring
from app.demo import tariffs as demo
from core import clock
from core.periods import start_of
from services.tariffs import operations as tariffs
from services.tariffs import queries
from services.tariffs.queries import TariffClass, VersionView
from services.usage import flows
from services.usage import operations as usage
from services.usage.queries import Asker
from tests.factories.accounts import ACTOR, make_account, make_unit, make_user
from tests.factories.held import hold_register
from tests.factories.staff import Member
from tests.factories.usage import bind, days_of
from tests.portal.console_scenes import at_the_top
from tests.portal.scenes import TODAY, Stage, scene
from tests.support.metered import measured, offer

DOCUMENTS: Final = {each.code: each.document for each in demo.CNY}
codes = itertools.count(1)


def drafted(stage: Stage, document: dict[str, Any], *, code: str = "", days_ahead: int = 30) -> VersionView:
    """A draft of a new tariff, or of one that is there."""
    with stage.database.write() as session:
        made = code or tariffs.create_tariff(
            session,
            code=f"{document['id']}.{next(codes)}",
            name="工商业分时电价（试行）",
            tariff_class=TariffClass.COMMERCIAL,
            currency="CNY",
            actor=ACTOR,
            now=clock.now(),
        )
        return tariffs.draft(
            session,
            code=made,
            valid_from=TODAY + timedelta(days=days_ahead),
            valid_to=None,
            document=document,
            note="江东发改价格〔2026〕118号",
            zone=stage.visit.deployment.settings.zone,
            actor=ACTOR,
            now=clock.now(),
        )


def changed(code: str) -> dict[str, Any]:
    """A demo tariff with dearer peaks and other hours."""
    document = DOCUMENTS[code]
    energy = {**document["energy"], "prices": {**document["energy"]["prices"], "peak": "1.1290"}}
    energy["windows"] = [*energy["windows"][:-1], {**energy["windows"][-1], "days": ["workday"]}]
    return {**document, "energy": energy, "per_kwh": [{**document["per_kwh"][0], "rate": "0.0070"}]}


def proposed(stage: Stage) -> tuple[VersionView, str]:
    """A version that waits for somebody else; answers the request too."""
    asker: Member = at_the_top(stage)
    wiring.fill_kinds(stage.visit.deployment.settings, stage.visit.deployment.vault)
    version = drafted(stage, changed("COM-TOU"))
    with stage.database.write() as session:
        request_id = tariffs.propose(
            session,
            version_id=version.id,
            revision=version.revision,
            reason="省发展改革委通知自下月起执行，工作日晚高峰单价上调。",
            is_correction=False,
            by=asker.staff_id,
            zone=stage.visit.deployment.settings.zone,
            actor=ACTOR,
            now=clock.now(),
        )
    return version, str(request_id)


def doubted(stage: Stage) -> tuple[str, str]:
    """A reading below zero that waits; answers account and id."""
    with stage.database.write() as session:
        account = make_account(session, stage.visit.deployment.vault)
        found = session.sql(
            """insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, minutes, energy, quality,
                 reason, source, recorded_at, recorded_by)
               values (:account, 'interval', 'M-2026-118', 'import', :now, 60, -400000, 'a', 'negative', 'file', :now,
                 'operator:test') returning id""",
            account=account.id,
            now=clock.now(),
        ).scalar_one()
    return account.account_no, str(found)


def at(version: VersionView) -> str:
    """The page of a version."""
    return f"/staff/tariffs/{version.tariff_code}/{version.version_no}"


@scene
def staff_tariffs(stage: Stage) -> None:
    proposed(stage)
    stage.visit.open("/staff/tariffs").wait_for_selector(".sheet")


@scene
def staff_tariff(stage: Stage) -> None:
    at_the_top(stage)
    drafted(stage, changed("COM-TOU"), code="COM-TOU")
    stage.visit.open("/staff/tariffs/COM-TOU")


@scene
def staff_tariff_new_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open("/staff/tariffs/new?code=EV%20NIGHT")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_tariff_version(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open("/staff/tariffs/COM-TOU/1").wait_for_selector(".daystrip")


@scene
def staff_tariff_draft(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open(at(drafted(stage, DOCUMENTS["IND-2PART"]))).wait_for_selector("#propose")


@scene
def staff_tariff_propose_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open(at(drafted(stage, DOCUMENTS["RES-TIER"], days_ahead=-3)))
    page.fill("#reason", "价格通知")
    page.click("form[action$='/propose'] button")
    page.wait_for_selector("#summary")


@scene
def staff_tariff_edit(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open(f"{at(drafted(stage, DOCUMENTS['RES-TOU']))}/edit").wait_for_selector("#document")


@scene
def staff_tariff_edit_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open(f"{at(drafted(stage, DOCUMENTS['RES-TOU']))}/edit")
    page.fill("#price-1", "0,5583")
    page.fill("#adders", "0, 0.05")
    page.fill("#valid_from", "2026-12-01")
    page.click("form[action$='/edit'] .actions button")
    page.wait_for_selector(".faults")


@scene
def staff_tariff_urdb_wrong(stage: Stage) -> None:
    at_the_top(stage)
    page = stage.visit.open(f"{at(drafted(stage, DOCUMENTS['RES-TOU']))}/edit")
    page.fill("#rate", '{"label": "R-31", "annualmincharge": 120, "energyratestructure": [[{"rate": 0.128101}]]}')
    page.click("form[action$='/urdb'] button")
    page.wait_for_selector(".faults")


@scene
def staff_tariff_try(stage: Stage) -> None:
    at_the_top(stage)
    use = "kwh=31000&kwh=41000&kwh=22000&kwh=4000&demand=455&kvarh=37500&contract=420&kva=630"
    stage.visit.open(f"/staff/tariffs/IND-2PART/1/try?{use}").wait_for_selector("tbody")


@scene
def staff_tariff_try_faulty(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open("/staff/tariffs/IND-2PART/1/try?kwh=1,000&kwh=2&demand=9").wait_for_selector(".faults")


@scene
def staff_tariff_compare(stage: Stage) -> None:
    at_the_top(stage)
    version = drafted(stage, changed("COM-TOU"), code="COM-TOU")
    stage.visit.open(f"{at(version)}/compare?against=1").wait_for_selector("#fields")


def on_it(stage: Stage, *, accounts: int) -> VersionView:
    """A draft of a tariff that some accounts are on, one of them since the middle of last month."""
    at_the_top(stage)
    document = DOCUMENTS["RES-TOU"]
    first = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
    end = TODAY.replace(day=1)
    days = days_of(first, end)
    with stage.database.write() as session:
        code = offer(session, document, first=first - timedelta(days=365), end=end)
        unit_id = make_unit(session, code="3701", parent="37", kind="city", name="江城供电公司")
        for number in range(accounts):
            made = make_account(session, stage.visit.deployment.vault, unit_id=unit_id)
            since = first + timedelta(days=14) if number == accounts - 1 else first - timedelta(days=300)
            bind(session, made.id, code, first=since)
            measured(session, made.id, days[number:])
            session.sql(
                "update account set class = :class where id = :id",
                **{"class": ("residential", "commercial")[number % 3 == 2], "id": made.id},
            )
    energy = {**document["energy"], "prices": {**document["energy"]["prices"], "peak": "0.6183"}}
    return drafted(stage, {**document, "energy": energy}, code=code)


@scene
def staff_tariff_dry_run(stage: Stage) -> None:
    version = on_it(stage, accounts=7)
    stage.visit.open(f"{at(version)}/dry-run?unit=3701&of=all").wait_for_selector("#unpriced")


@scene
def staff_tariff_dry_run_first(stage: Stage) -> None:
    at_the_top(stage)
    stage.visit.open("/staff/tariffs/COM-TOU/1/dry-run")


def tried(stage: Stage, version: VersionView) -> UUID:
    """A dry run of last month over many accounts, that whoever is signed in asked for."""
    with stage.database.write() as session:
        me = session.sql("select staff_id from staff_session order by created_at desc limit 1").scalar_one()
        return usage.ask_dry_run(
            session,
            asker=Asker.STAFF,
            asker_id=me,
            tariff_code=version.tariff_code,
            version_no=version.version_no,
            document=queries.document_of(session, version_id=version.id),
            unit_ids=[session.sql("select id from unit where code = '3701'").scalar_one()],
            month=(TODAY.replace(day=1) - timedelta(days=1)).replace(day=1),
            now=clock.now(),
        )


@scene
def staff_tariff_dry_run_asked(stage: Stage) -> None:
    version = on_it(stage, accounts=3)
    stage.visit.open(f"{at(version)}/dry-runs/{tried(stage, version)}").wait_for_selector("#job")


@scene
def staff_tariff_dry_run_ready(stage: Stage) -> None:
    version = on_it(stage, accounts=7)
    run_id = tried(stage, version)
    zone = stage.visit.deployment.settings.zone
    flows.compare_all(stage.database, zone=zone, now=clock.now, is_over=lambda: False)
    stage.visit.open(f"{at(version)}/dry-runs/{run_id}").wait_for_selector("#unpriced")


@scene
def staff_slot_prices(stage: Stage) -> None:
    at_the_top(stage)
    zone = stage.visit.deployment.settings.zone
    with stage.database.write() as session:
        session.sql(
            """insert into tariff_slot_price (tariff_code, start_at, minutes, rate_minor, day, quarter)
               select 'COM-TOU', cast(:begin as timestamptz) + n * interval '1 hour', 60, 12.5 + n * 1.375, :day, n * 4
               from generate_series(0, 22) n on conflict do nothing""",
            begin=start_of(TODAY, zone),
            day=TODAY,
        )
    stage.visit.open(f"/staff/tariffs/COM-TOU/intervals?day={TODAY.isoformat()}").wait_for_selector(".sheet")


@scene
def staff_tariff_to_approve(stage: Stage) -> None:
    _version, request_id = proposed(stage)
    at_the_top(stage)
    stage.visit.open(f"/staff/approvals/{request_id}").wait_for_selector("#decide")


@scene
def staff_readings(stage: Stage) -> None:
    at_the_top(stage)
    doubted(stage)
    stage.visit.open("/staff/readings").wait_for_selector(".sheet")


@scene
def staff_reading_wrong(stage: Stage) -> None:
    at_the_top(stage)
    account_no, reading_id = doubted(stage)
    page = stage.visit.open(f"/staff/readings/{account_no}/{reading_id}")
    page.click("form[action*='/readings/'] button[value=discard]")
    page.wait_for_selector("#summary")


@scene
def staff_reading_pictured(stage: Stage) -> None:
    at_the_top(stage)
    vault = stage.visit.deployment.vault
    with stage.database.write() as session:
        account = make_account(session, vault)
        reading_id = hold_register(
            session, vault, account_id=account.id, user_id=make_user(session, vault), now=clock.now()
        )
    page = stage.visit.open(f"/staff/readings/{account.account_no}/{reading_id}")
    page.wait_for_function("document.querySelector('figure img').naturalWidth > 0")


@scene
def staff_readings_many(stage: Stage) -> None:
    at_the_top(stage)
    account_no, reading_id = doubted(stage)
    stage.visit.open(f"/staff/readings/many?reading={account_no}.{reading_id}").wait_for_selector(".sheet")


@scene
def staff_readings_missing(stage: Stage) -> None:
    at_the_top(stage)
    with stage.database.write() as session:
        account = make_account(session, stage.visit.deployment.vault, meter_no=f"M-{secrets.token_hex(3)}")
        session.sql(
            """insert into reading_series (account_id, id, meter_no, channel, interval_minutes, first_day, last_day)
               select account_id, 1, meter_no, 'import', 15, cast(:first as date), :first from meter where account_id = :account""",
            account=account.id,
            first=TODAY - timedelta(days=9),
        )
    stage.visit.open("/staff/readings/missing").wait_for_selector(".sheet")


@scene
def staff_readings_odd(stage: Stage) -> None:
    at_the_top(stage)
    with stage.database.write() as session:
        session.sql(
            """insert into reading_finding (account_id, kind, meter_no, channel, first_day, last_day, found, expected,
                 found_at)
               values (:account, 'sums', 'M-2026-118', 'import', :first, :last, 112000000, 54000000, :now),
                 (:account, 'spike', 'M-2026-118', 'import', :last, :last, 9120000, 870000, :now)""",
            account=make_account(session, stage.visit.deployment.vault).id,
            first=TODAY - timedelta(days=30),
            last=TODAY,
            now=clock.now(),
        )
    stage.visit.open("/staff/readings/odd").wait_for_selector(".sheet")
