"""Lists of the console as each member of staff has them: filters under a name, columns, the head in sight, one key."""

import html
import re
from urllib.parse import unquote, urlencode

from core import audit, clock
from core.audit import Actor
from services.accounts.roles import StaffRole
from services.identity.operations import staff
from services.identity.operations.staff.lists import MOST_FILTERS
from tests.factories.staff import ACTOR
from tests.portal.quality_scenes import staff_quality
from tests.portal.scenes import Stage
from tests.portal.staff_scenes import Desk, staff_people
from tests.support.browser import NewVisit
from tests.support.files import latest_file
from tests.support.office import office_of
from tests.support.town import Town

PEOPLE = "/staff/people"
ASKED = "part=a+b&state=active"


class Colleague:
    """One member of staff before the console, without scripts."""

    def __init__(self, town: Town) -> None:
        self.town, self.office = town, office_of(town)
        with town.runtime.db.write() as session:
            self.member = self.office.employ(session, StaffRole.ADMIN, "3701")
        self.office.fresh(self.member)

    def get(self, path: str) -> str:
        """A page."""
        self.town.client.cookies.clear()
        headers = {**self.office.browser(self.member), "accept-language": "en"}
        return html.unescape(self.town.client.get(path, headers=headers).text)

    def send(self, path: str, **form: str | list[str]) -> tuple[int, str]:
        """A form: the status, and where it leads or what it says."""
        self.town.client.cookies.clear()
        headers = {**self.office.browser(self.member), "accept-language": "en"}
        data = {"csrf": self.office.form_token(self.member), **form}
        answer = self.town.client.post(path, data=data, headers=headers, follow_redirects=False)
        return answer.status_code, answer.headers.get("location") or html.unescape(answer.text)

    def follow(self, path: str) -> str:
        """Where an address leads."""
        self.town.client.cookies.clear()
        headers = self.office.browser(self.member)
        return self.town.client.get(path, headers=headers, follow_redirects=False).headers["location"]

    def keep(self, name: str, query: str, of_list: str = "people") -> tuple[int, str]:
        """Keep a filter."""
        return self.send("/staff/filters", of_list=of_list, name=name, query=query)

    def heads(self, path: str = PEOPLE) -> list[str]:
        """What stands above the table's columns."""
        return re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', self.get(path))


def test_a_filter_is_kept_and_chosen_again_without_its_cursor(town: Town) -> None:
    mine, other = Colleague(town), Colleague(town)
    there = mine.send(PEOPLE, part="a b", state="active")[1]
    offered = re.search(r'name="query" value="([^"]*)"', mine.get(there + "&lang=en"))
    assert offered is not None
    status, kept_at = mine.keep("Mine <b>", offered[1] + "&after=abc&lang=en&colour=red")
    assert (status, PEOPLE in kept_at) == (303, True)
    chip = re.search(r'<a class="chip" href="(/staff/filters/[0-9a-f-]{36})">Mine <b></a>', mine.get(PEOPLE))
    assert chip is not None
    for address in (there, kept_at, mine.follow(chip[1])):
        page = mine.get(address)
        assert f'<a class="chip" href="{chip[1]}" aria-current="true">' in page
        assert 'name="part" value="a b"' in page
        assert "Keep this filter" not in page, "it is kept already"
    assert "Mine" not in other.get(PEOPLE) + other.get("/staff/filters")
    with town.runtime.db.read() as session:
        kept = session.sql("select query from staff_filter where staff_id = :id", id=mine.member.staff_id).scalar_one()
    assert kept == ASKED


def test_no_address_of_a_list_tells_what_it_is_filtered_by_but_ids(town: Town) -> None:
    mine, typed = Colleague(town), "王小明 13800138000"
    with town.runtime.db.write() as session:
        session.sql("update staff set display_name = :name where id = :id", name=typed, id=mine.member.staff_id)
    mine.keep("Him", urlencode({"part": typed}))
    mine.keep("About him", urlencode({"about": typed}), "audit")
    him = {"part": typed}, {"who": f"x:{typed}"}, {"act": typed}, {"about": typed}
    addresses = [mine.send(PEOPLE if "part" in form else "/staff/audit", **form)[1] for form in him]
    refused = mine.keep("Him", urlencode({"part": typed}))[1], mine.get("/staff/filters")
    pages = [mine.get(address) for address in addresses]
    for page in (*pages, *refused):
        links = [*re.findall(r'(?:href|action|name="(?:next|back)" value)="([^"]*)"', page), *addresses]
        assert [each for each in links if "王" in unquote(each) or "1380013" in unquote(each)] == []
    assert all(f'value="{text}"' in page for page, form in zip(pages, him, strict=True) for text in form.values())
    assert mine.send("/staff/audit", about="account:7")[1] == "/staff/audit?about=account%3A7"
    for over in (f"{PEOPLE}?part={typed}", f"/staff/audit?about={typed}", Colleague(town).send(PEOPLE, part="x")[1]):
        assert "This search is over" in mine.get(over)


def test_a_filter_is_renamed_and_deleted_by_its_owner(town: Town) -> None:
    mine = Colleague(town)
    mine.keep("First", "state=active")
    mine.keep("Second", "state=disabled")
    first = re.search(r"/staff/filters/([0-9a-f-]{36})/rename", mine.get("/staff/filters"))
    assert first is not None
    status, told = mine.send(f"/staff/filters/{first[1]}/rename", name="Second")
    assert status == 422
    assert "under that name" in told
    assert 'value="Second"' in told.partition(f"{first[1]}/rename")[2].partition("</form>")[0], "what was typed"
    assert mine.send(f"/staff/filters/{first[1]}/rename", name="Third") == (303, "/staff/filters")
    assert ">Third</a>" in mine.get(PEOPLE)
    assert mine.send(f"/staff/filters/{first[1]}/delete") == (303, "/staff/filters")
    assert "Third" not in mine.get(PEOPLE)


def test_what_cannot_be_kept_says_why_and_keeps_what_was_typed(town: Town) -> None:
    mine = Colleague(town)
    for number in range(MOST_FILTERS):
        assert mine.keep(f"No. {number}", f"part=n{number}")[0] == 303
    refusals = {
        ("one more", "state=active"): "At most 20",
        ("  ", "part=n1"): "1 to 60 characters",
        ("x" * 61, "part=n1"): "1 to 60 characters",
        ("unfiltered", "after=abc"): "Filter the list first",
    }
    for (name, query), why in refusals.items():
        status, told = mine.keep(name, query)
        assert (status, why in told, f'value="{name}"' in told) == (422, True, True)
    status, told = mine.keep("too long", urlencode({"who": "王" * 110, "about": "户" * 115}), "audit")
    assert (status, "too long to keep" in told, 'value="too long"' in told) == (422, True, True)
    assert mine.keep("another list", "kind=bills", "imports")[0] == 303
    assert mine.keep("a search", "q=Li+Ming", "accounts")[0] == 404, "a search keeps no customer's name"
    assert mine.keep("no list", "state=active", "nowhere")[0] == 404


def test_columns_are_chosen_for_oneself_and_the_first_always_stays(town: Town) -> None:
    mine, other = Colleague(town), Colleague(town)
    every = ["Who", "State", "Roles", "Units", "Last signed in"]
    assert mine.heads() == every
    offered = ["state", "roles", "units", "seen"]
    shown: dict[str, str | list[str]] = {
        "of_list": "people",
        "column": ["who", *offered],
        "shown": ["state"],
        "back": f"{PEOPLE}?state=active",
    }
    assert mine.send("/staff/columns", **shown) == (303, f"{PEOPLE}?state=active")
    assert mine.heads() == ["Who", "State"]
    assert other.heads() == every
    assert mine.send("/staff/people/export") == (303, "/staff/files")
    assert (
        "name,display_name,state,roles,units,signed_in_at,left_at"
        in mine.send(latest_file(mine.get("/staff/files")))[1]
    )
    assert mine.send("/staff/columns", **{**shown, "shown": offered, "back": "//evil.example"}) == (303, "/staff")
    assert mine.heads() == every


def test_days_of_the_wrong_order_are_refused_rather_than_finding_nothing(town: Town) -> None:
    mine = Colleague(town)
    for path in ("/staff/audit", "/staff/imports"):
        assert "the earlier one first" in mine.get(f"{path}?since=2026-05-02&until=2026-05-01")
        assert "the earlier one first" not in mine.get(f"{path}?since=2026-05-01&until=2026-05-01")


def test_the_log_is_asked_for_by_what_people_are_called_and_no_address_names_them(town: Town) -> None:
    mine, namesake = Colleague(town), Colleague(town)
    with town.runtime.db.write() as session:
        far = mine.office.employ(session, StaffRole.ADMIN, "3702")
        for number, name in ((mine, "Wang Fang"), (namesake, "Li Na")):
            session.sql("update staff set display_name = :name where id = :id", name=name, id=number.member.staff_id)
    found = f"/staff/audit?who=staff%3A{namesake.member.staff_id}&act=identity.sign_in"
    for called in ("Li Na", "li na ", namesake.member.name):
        assert mine.send("/staff/audit", who=called, act="identity.sign_in") == (303, found)
    page = mine.get(found)
    assert 'id="who" name="who" value="Li Na"' in page
    assert f'<option value="{namesake.member.name}">Li Na</option>' in page
    assert far.name not in page
    for unseen in (f"Staff {far.name}", far.name, "nobody"):
        status, told = mine.send("/staff/audit", who=unseen)
        assert (status, "Nobody in your units is called that" in told, f'value="{unseen}"' in told) == (422, True, True)
        assert "?who=" not in told
    chosen = f"staff:{far.staff_id}"
    assert mine.send("/staff/audit", who=f"Staff {far.name}", was=chosen)[0] == 422, "who never acted here is not told"
    with town.runtime.db.write() as session:
        audit.record(session, actor=Actor(chosen), act="accounts.note", subject=f"account:{town.house.account.id}")
    assert mine.send("/staff/audit", who=f"Staff {far.name}", was=chosen)[0] == 303, "who acted here is kept"
    with town.runtime.db.write() as session:
        session.sql("update staff set display_name = 'Li Na' where id = :id", id=mine.member.staff_id)
    status, told = mine.send("/staff/audit", who="Li Na")
    assert (status, "Several are called that" in told, mine.member.name in told) == (422, True, True)


def test_a_change_is_told_in_words_with_sums_as_money_and_names_no_account_of_elsewhere(town: Town) -> None:
    mine = Colleague(town)
    here, far = town.house, town.far
    with town.runtime.db.write() as session:
        unit_id = session.sql("select unit_id from account where id = :id", id=here.account.id).scalar_one()
        audit.record(
            session,
            actor=ACTOR,
            act="payments.start",
            subject="payment:told",
            before={"state": "open", "amount_minor": -500, "currency": "JPY"},
            after={"account_ids": [here.account.id, far.account.id], "amount_minor": 1234567, "why": None},
            unit_id=unit_id,
        )
    page = mine.get("/staff/audit?act=payments.start")
    told = [re.sub(r"<[^>]+>", "", each) for each in re.findall(r'<div class="change">(.*?)</div>', page)]
    assert told[0] == "before State: Waiting for the payerAmount: -¥500"
    assert told[1] == f"after Why: –Accounts: {here.account_no}, {far.account.id}Amount: CN¥12,345.67"


def test_nothing_of_it_is_left_of_whoever_is_disabled(town: Town) -> None:
    mine = Colleague(town)
    mine.keep("Mine", "state=active")
    mine.send("/staff/columns", of_list="people", column=["units"])
    with town.runtime.db.write() as session:
        assert staff.disable(session, staff_id=mine.member.staff_id, actor=ACTOR, now=clock.now())
        left = session.sql(
            """select (select count(*) from staff_filter where staff_id = :id)
                    + (select count(*) from staff_columns where staff_id = :id)""",
            id=mine.member.staff_id,
        ).scalar_one()
    assert left == 0


def test_a_slash_leads_to_the_search_and_can_be_turned_off(visit: NewVisit) -> None:
    desk = Desk(visit(locale="en"))
    staff_people(desk)
    page, search = desk.visit.page, desk.visit.page.locator("#find")
    page.keyboard.press("/")
    page.keyboard.type("a/b")
    assert search.input_value() == "a/b"
    assert search.get_attribute("aria-keyshortcuts") == "/"
    assert page.locator(".find kbd").is_visible()
    desk.visit.open("/staff/me")
    page.uncheck("#shortcut")
    desk.visit.open("/staff/people")
    page.keyboard.press("/")
    assert search.evaluate("each => each !== document.activeElement && !each.ariaKeyShortcuts")
    assert not page.locator(".find kbd").is_visible()


def test_the_head_of_a_long_table_stays_in_sight(glance: NewVisit) -> None:
    desk = Desk(glance(width=768))
    staff_people(desk)
    page = desk.visit.page
    page.set_viewport_size({"width": 768, "height": 640})
    page.locator(".sheet").evaluate("each => { each.scrollTop = each.scrollHeight }")
    head, table = page.locator("thead th").first.bounding_box(), page.locator(".sheet").bounding_box()
    assert head is not None
    assert table is not None
    assert page.locator(".sheet").evaluate("each => each.scrollTop") > 0
    assert head["y"] == table["y"]


def test_units_are_looked_through_by_their_place_or_the_worst_first(glance: NewVisit) -> None:
    desk = Stage(glance(locale="en"))
    staff_quality(desk)
    page = desk.visit.page

    def units() -> list[str]:
        """The two of this scene, in the order of the page: others may stand between them."""
        shown = page.locator("table").first.locator("tbody th a[href*='unit=']").all_inner_texts()
        return [name for name in shown if name in {"历下供电所", "市中供电所"}]

    assert units() == ["历下供电所", "市中供电所"]
    page.click("thead a:has-text('Score')")
    page.wait_for_selector("th[aria-sort]:has-text('Score')")
    assert units() == ["市中供电所", "历下供电所"]
