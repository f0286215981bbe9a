"""Reports of imports in the console: of a run of many units, a station's staff see what is theirs, and nothing else."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from core import clock, intake
from core.intake import Report
from services.accounts.queries import imports, staffing
from services.accounts.roles import StaffRole
from services.billing.operations import BillsLoader, WholeBills
from services.identity.queries import ServiceScope
from tests.factories.accounts import write_jsonl
from tests.factories.billing import ZONE, bill_record
from tests.factories.staff import Member
from tests.support.office import ELSEWHERE, HERE, Office, office_of
from tests.support.programs import program
from tests.support.town import Town


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town, all of whom have just given a code."""
    made = office_of(town)
    for name in ("here", "elsewhere", "without", "top"):
        made.fresh(made.members[name])
    return made


@pytest.fixture
def dry_run(town: Town, tmp_path: Path) -> Callable[..., Report]:
    """A dry run of these records as the file that tells all."""

    def run(*records: dict[str, object], name: str = "bills.jsonl") -> Report:
        return intake.check(
            town.runtime.db,
            path=write_jsonl(tmp_path / name, list(records)),
            loader=BillsLoader(zone=ZONE, now=clock.now()),
            whole=WholeBills(""),
        )

    return run


def get(town: Town, office: Office, member: Member, path: str) -> tuple[int, str]:
    town.client.cookies.clear()
    answer = town.client.get(path, headers={**office.browser(member), "accept-language": "en"}, follow_redirects=False)
    return answer.status_code, answer.text


def sign(town: Town, office: Office, member: Member, run_id: int) -> int:
    town.client.cookies.clear()
    form = {"csrf": office.form_token(member)}
    path = f"/staff/imports/{run_id}/sign-off"
    return town.client.post(path, data=form, headers=office.browser(member), follow_redirects=False).status_code


def cells(html: str, run_id: int) -> list[str]:
    """The numbers of a run's row in the list."""
    row = re.search(rf'<tr><th scope="row"><a href="/staff/imports/{run_id}">.*?</tr>', html, re.DOTALL)
    assert row is not None
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r'<td class="num.*?</td>', row[0], re.DOTALL)]


def walk(town: Town, office: Office, member: Member, path: str) -> str:
    """A page and all that follow it behind its button."""
    told, pages = "", 0
    while path:
        status, html = get(town, office, member, path)
        assert status == 200
        told, pages = told + html, pages + 1
        button = re.search(r'<a class="button plain" href="(/staff/imports[^"]*after=[^"]*)"', html)
        path = button[1].replace("&amp;", "&") if button else ""
        assert pages < 9
    return told


def mixed(town: Town) -> list[dict[str, object]]:
    """Two new bills here, 53 there, one refused row here, 57 there, and one that names nobody."""
    here, there = town.house.account_no, town.far.account_no
    good = [bill_record(no, f"N{no}{number:03d}") for no, most in ((here, 2), (there, 53)) for number in range(most)]
    bad = [
        bill_record(no, f"W{no}{number:03d}", state=state)
        for no, most, state in ((here, 1, "paid"), (there, 57, "unheard"))
        for number in range(most)
    ]
    return [*good, *bad, bill_record("nobody", "X-0001")]


def test_staff_of_a_station_find_nothing_of_another_in_a_run_of_both(
    town: Town, office: Office, dry_run: Callable[..., Report]
) -> None:
    report = dry_run(*mixed(town))
    run, here = f"/staff/imports/{report.run_id}", office.members["here"]
    filters = ("", "?kind=bills", "?state=unsigned", "?state=ended&since=2020-01-01&until=2099-01-01")
    for asked in filters:
        listed = get(town, office, here, f"/staff/imports{asked}")[1]
        assert cells(listed, report.run_id)[:4] == ["2", "0", "0", "1"]
    told = "".join(walk(town, office, here, path) for path in (run, f"{run}/rejects", f"{run}/vanished"))
    assert town.house.account_no in told
    for foreign in (town.far.account_no, "55", "58", "53", "57", "unheard", report_digest(town, report), ELSEWHERE):
        assert not re.search(rf"\b{foreign}\b", re.sub(r"<[^>]+>|\b\d\d:\d\d\b", " ", told)), foreign
    assert "rows of other units" in told
    assert (
        get(town, office, here, f"{run}/rejects?field=state&reason=is+neither+open+nor+settled")[1].count("<tr>") == 2
    )
    town.client.cookies.clear()
    headers = {**office.browser(here), "accept-language": "zh-CN"}
    for path in (run, f"{run}/rejects"):
        chinese = town.client.get(path, headers=headers).text
        assert "须为 open 或 settled" in chinese
        assert "not_settlement" in chinese
        assert "neither" not in re.sub(r"<[^>]+>", "", chinese)
    there = walk(town, office, office.members["elsewhere"], f"{run}/rejects")
    assert there.count('<th scope="row" class="num end">') == 57
    everywhere = walk(town, office, office.members["top"], run)
    assert "No known unit" in everywhere
    assert report_digest(town, report) in everywhere


def report_digest(town: Town, report: Report) -> str:
    with town.runtime.db.read() as session:
        found: bytes = session.sql("select file_digest from import_run where id = :id", id=report.run_id).scalar_one()
    return found.hex()


def test_a_run_without_rows_of_a_station_is_not_there_for_its_staff(
    town: Town, office: Office, dry_run: Callable[..., Report]
) -> None:
    no = town.far.account_no
    far = dry_run(bill_record(no, f"F{no}"), name="far.jsonl").run_id
    # What vanished counts as a station's own: without it the station has no part in the run.
    with town.runtime.db.write() as session:
        session.sql(
            "delete from import_total t using unit u where u.id = t.unit_id and t.run_id = :run_id and u.code <> :code",
            run_id=far,
            code=ELSEWHERE,
        )
    listed = walk(town, office, office.members["here"], "/staff/imports")
    assert f'/staff/imports/{far}"' not in unquote(listed)
    assert "far.jsonl" not in listed
    seen = [
        get(town, office, office.members["here"], f"/staff/imports/{far}{page}")
        for page in ("", "/rejects", "/vanished")
    ]
    missing = get(town, office, office.members["here"], f"/staff/imports/{2**62}")[0]
    assert [status for status, _ in seen] == [missing] * 3 == [404] * 3
    assert get(town, office, office.members["elsewhere"], f"/staff/imports/{far}")[0] == 200


def test_who_may_sign_in_all_its_units_signs_a_run_once_and_others_never(
    town: Town, office: Office, dry_run: Callable[..., Report]
) -> None:
    report = dry_run(*mixed(town))
    with town.runtime.db.write() as session:
        auditor = office.employ(session, StaffRole.AUDITOR, "37")
        station = office.employ(session, StaffRole.FINANCE, HERE)
    assert [sign(town, office, who, report.run_id) for who in (auditor, station)] == [403, 404]
    page = get(town, office, station, f"/staff/imports/{report.run_id}")[1]
    assert "/sign-off" not in page
    assert [sign(town, office, office.members["top"], report.run_id) for _ in range(2)] == [303, 409]
    assert "Signed off by" in get(town, office, station, f"/staff/imports/{report.run_id}")[1]


def test_pushes_push_no_dry_run_out_and_are_named_by_their_program_and_told_from_files(
    town: Town, office: Office, tmp_path: Path
) -> None:
    caller = program(town, *ServiceScope, units=[HERE])
    with town.runtime.db.write() as session:
        here = staffing.unit_by_code(session, code=HERE)
        assert here is not None
        sender = session.sql(
            "select 'service:' || id as actor, name from service_client order by created_at desc limit 1"
        ).one()
        waiting = imports.runs_to_sign(session, staff_id=office.members["here"].staff_id, limit=99, now=clock.now())
    assert caller
    path = write_jsonl(tmp_path / "waits.jsonl", [bill_record(town.house.account_no, f"B{uuid.uuid4().hex[:8]}")])
    report = intake.check(town.runtime.db, path=path, loader=BillsLoader(zone=ZONE, now=clock.now()))
    with town.runtime.db.write() as session:
        session.sql(
            """with pushed as (
                 insert into import_run (kind, file_digest, rows_done, rows_new, finished_at, actor)
                 select 'bills', sha256(''), 1, 1, now(), :actor from generate_series(1, 1001) returning id)
               insert into import_total (run_id, unit_id, rows_new, accounts) select id, :unit, 1, 1 from pushed""",
            actor=sender.actor,
            unit=here.id,
        )
        after = imports.runs_to_sign(session, staff_id=office.members["here"].staff_id, limit=99, now=clock.now())
    assert after == waiting + 1
    member = office.members["here"]
    assert f"Sent by {sender.name}" in get(town, office, member, "/staff/imports")[1]
    files = get(town, office, member, "/staff/imports?sender=file")[1]
    assert "waits.jsonl" in files
    assert f"/staff/imports/{report.run_id}" in files
    assert f"Sent by {sender.name}" not in files
    assert "waits.jsonl" not in get(town, office, member, "/staff/imports?sender=program")[1]
