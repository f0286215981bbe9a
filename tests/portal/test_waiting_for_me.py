"""The first page of the console: what waits for the reader, of their units and by what they may."""

import html
import re

from services.accounts.roles import StaffRole
from tests.support.office import ELSEWHERE, HERE, office_of
from tests.support.town import Town


def counts(town: Town, role: StaffRole, unit: str) -> dict[str, str]:
    """Where the first page leads a new member of staff, with the numbers it shows."""
    office = office_of(town)
    with town.runtime.db.write() as session:
        member = office.employ(session, role, unit)
    town.client.cookies.clear()
    page = town.client.get("/staff", headers={**office.browser(member), "accept-language": "en"})
    assert page.status_code == 200
    return dict(
        re.findall(r'<a class="row" href="([^"]+)">.*?<span class="num end">([^<]+)</span>', html.unescape(page.text))
    )


def test_the_first_page_counts_what_waits_in_the_readers_units_alone(town: Town) -> None:
    office = office_of(town)
    here, there = counts(town, StaffRole.ADMIN, HERE), counts(town, StaffRole.ADMIN, ELSEWHERE)
    office.waiting_money(town.house.account)
    office.dry_run("own")
    office.request("own")
    office.doubt(town.house.account)
    grown = counts(town, StaffRole.ADMIN, HERE)
    asked = ("/staff/suspense", "/staff/imports?state=unsigned", "/staff/approvals?part=waiting", "/staff/readings")
    for href in asked:
        assert int(grown[href]) == int(here.get(href, 0)) + 1
    assert counts(town, StaffRole.ADMIN, ELSEWHERE) == there


def test_nobody_is_told_of_what_they_may_not_do_anything_about(town: Town) -> None:
    assert counts(town, StaffRole.AUDITOR, HERE) == {}


def test_beyond_fifty_nothing_is_counted(town: Town) -> None:
    office = office_of(town)
    for _ in range(51):
        office.waiting_money(town.house.account)
    assert counts(town, StaffRole.ADMIN, HERE)["/staff/suspense"] == "50+"
