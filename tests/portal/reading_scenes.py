"""Pages about what customers read from their meters, and home with what was used lately."""

from datetime import timedelta
from uuid import UUID

from core import clock
from services.accounts.queries import AccountRef
from tests.factories.own_readings import picture
from tests.factories.readings import place_meter, show_register
from tests.factories.usage import days_of
from tests.portal.scenes import Stage, scene
from tests.portal.usage_scenes import metered, today
from tests.support.metered import measured


def with_meter(stage: Stage) -> tuple[UUID, AccountRef]:
    """A person whose meter is read by hand: it counted 180 kWh in the month before last."""
    person = stage.person()
    account = stage.account(person, name="陈晓云")
    with stage.database.write() as session:
        meter_no = f"M{account.id}-2021-0417"
        place_meter(session, account_id=account.id, meter_no=meter_no)
        now = clock.now()
        shown = {now - timedelta(days=60): 10_241_700_000, now - timedelta(days=30): 10_421_700_000}
        show_register(session, account_id=account.id, meter_no=meter_no, shown=shown)
    return person, account


def told_before(stage: Stage, account: AccountRef, *, reading: str, reason: str, days_ago: int, state: str) -> None:
    """What somebody told some days ago, and what staff did with it."""
    with stage.database.write() as session:
        session.sql(
            """with held as (
                 insert into reading_quarantine (account_id, id, kind, meter_no, channel, start_at, energy, quality, reason,
                   source, recorded_at, recorded_by, state, decided_at, decided_by)
                 select r.account_id, uuidv7(), 'register', r.meter_no, r.kind, now() - make_interval(days => :ago), :value,
                   'a', :reason, 'customer', now() - make_interval(days => :ago), 'user:test', :state,
                   case when :state <> 'open' then now() end, case when :state <> 'open' then 'staff:test' end
                 from meter_register r where r.account_id = :account returning account_id, id, start_at, energy)
               insert into own_reading (account_id, id, register_id, day, told_at, value, held_id)
               select h.account_id, uuidv7(make_interval(days => -:ago)), 1, cast(h.start_at as date), h.start_at, h.energy, h.id
               from held h""",
            account=account.id,
            ago=days_ago,
            value=int(reading) * 1_000_000,
            reason=reason,
            state=state,
        )


def send(stage: Stage, reading: str, photo: bytes) -> None:
    """Fill the form in and send it."""
    page = stage.visit.open("/meter-readings")
    page.fill("#reading", reading)
    page.set_input_files("#photo", {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.click("main form button[type=submit]")


@scene
def meter_readings(stage: Stage) -> None:
    _, account = with_meter(stage)
    told_before(stage, account, reading="1042", reason="inverted", days_ago=9, state="discarded")
    told_before(stage, account, reading="98100", reason="implausible", days_ago=3, state="open")
    send(stage, "10583.2", picture(size=(800, 600)))
    page = stage.visit.page
    page.wait_for_selector(".note.good")
    page.click("#rows summary")
    page.locator(".photo").evaluate("image => image.decode()")


@scene
def meter_readings_wrong(stage: Stage) -> None:
    with_meter(stage)
    send(stage, "10583.2", b"no picture")
    stage.visit.page.wait_for_selector("#summary")


@scene
def meter_readings_none(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/meter-readings")


@scene
def home_measured(stage: Stage) -> None:
    metered(stage, days=10)
    stage.visit.open("/")


@scene
def home_late(stage: Stage) -> None:
    account = stage.account(stage.person(), name="陈晓云")
    days = days_of(today() - timedelta(days=9), today() - timedelta(days=2))
    with stage.database.write() as session:
        measured(session, account.id, days, missing={days[-3]: range(96), days[-1]: range(20, 32)})
    stage.visit.open("/")
