"""Staff draft, try, compare and propose tariffs; what is published nobody changes; nothing that was typed is lost."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.demo import tariffs as demo
from core import clock
from portal.words.tariffs import FAULTS
from services.accounts.roles import StaffRole
from services.tariffs import operations as tariffs
from services.tariffs import queries
from services.tariffs.errors import REMEDIES
from services.tariffs.queries import TariffClass
from services.usage import operations as usage
from tests.factories.accounts import make_account
from tests.factories.staff import ACTOR
from tests.factories.tariffs import make_version
from tests.factories.usage import bind, days_of, put_readings
from tests.support.metered import ONE_PRICE, ZONE, offer
from tests.support.office import ELSEWHERE, HERE, office_of
from tests.support.town import Town

DOCUMENTS: Final = {each.code: each.document for each in demo.CNY}


class Desk:
    """One member of staff before the console, without scripts."""

    def __init__(self, town: Town, who: str = "top") -> None:
        self.town, self.office = town, office_of(town)
        self.member = self.office.members[who]
        self.office.fresh(self.member)

    def get(self, path: str) -> str:
        """A page."""
        self.town.client.cookies.clear()
        answer = self.town.client.get(path, headers={**self.office.browser(self.member), "accept-language": "en"})
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def send(self, path: str, **form: Any) -> tuple[int, str]:
        """A form: the status, and where it leads or what it says."""
        self.town.client.cookies.clear()
        headers = {**self.office.browser(self.member), "accept-language": "en"}
        data = {"csrf": self.office.form_token(self.member), **form}
        answer = self.town.client.post(path, data=data, headers=headers, follow_redirects=False)
        return answer.status_code, answer.headers.get("location") or html.unescape(answer.text)

    def new(self, code: str) -> str:
        """A tariff with a first draft of a demo document; answers the version's page."""
        day = (clock.now().date() + timedelta(days=40)).isoformat()
        status, where = self.send("/staff/tariffs/new", code=code, name=code, tariff_class="any", valid_from=day)
        assert (status, where) == (303, f"/staff/tariffs/{code}/1/edit")
        return f"/staff/tariffs/{code}/1"

    def fields(self, page: str) -> dict[str, Any]:
        """The form of the edit page as a browser would send it untouched."""
        shown = page.split('class="card grid" method="post"')[1]
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>|<select.*?</select>", shown, re.DOTALL):
            name = re.search(r'name="([^"]*)"', tag)
            chosen = re.search(r'<option value="([^"]*)" selected', tag)
            value = chosen or re.search(r'value="([^"]*)"', tag)
            if name and name[1] != "csrf":
                found.setdefault(name[1], []).append(value[1] if value else "")
        return found


@pytest.fixture
def desk(town: Town) -> Desk:
    """Somebody who may do everything everywhere."""
    return Desk(town)


def test_a_tariff_is_drafted_filled_in_tried_and_proposed(desk: Desk, town: Town) -> None:
    at = desk.new("TRY-1")
    typed = {**desk.fields(desk.get(f"{at}/edit")), "price": ["0.50"], "cycle": ["month"], "bounds": ["100"]}
    status, where = desk.send(f"{at}/edit", **{**typed, "adders": ["0, 0.10"], "note": ["Notice 7"]})
    assert (status, where) == (303, f"{at}?done=kept")
    told = desk.get(f"{at}/try?kwh=150&month=7")
    assert "75.00" in told.replace("¥", "") or "CN¥80.00" in told
    assert "80.00" in told, "100 kWh at 0.50 and 50 kWh at 0.60"
    status, where = desk.send(f"{at}/propose", version="2", reason="As the board decided.", once="a")
    assert (status, where) == (303, f"{at}?done=asked")
    assert "Waiting for approval" in desk.get(at)
    with town.runtime.db.read() as session:
        version = queries.version(session, code="TRY-1", version_no=1)
        assert version is not None
        assert (version.state.value, version.note) == ("proposed", "Notice 7")


def test_who_proposes_and_who_approves_a_version_that_nothing_follows_is_told(desk: Desk) -> None:
    at = desk.new("TRY-9")
    assert "no version is published" not in desk.get(at)
    end = clock.now().date() + timedelta(days=100)
    typed = {**desk.fields(desk.get(f"{at}/edit")), "price": ["0.50"], "valid_to": [end.isoformat()]}
    assert desk.send(f"{at}/edit", **typed)[0] == 303
    page = desk.get(at)
    assert "on no version is published: nothing has a price then" in page
    assert "It corrects a published version" in page
    assert desk.send(f"{at}/propose", version="2", reason="A special price.", is_correction="true", once="e")[0] == 303
    request = re.search(r"/staff/approvals/[-0-9a-f]+", desk.get(at))
    assert request is not None
    assert re.search(r"Correct tariff TRY-9 .* · no version is published from ", desk.get(request[0]))


def test_who_approves_a_version_has_it_a_link_away_and_reads_why_it_cannot_hold_any_more(
    desk: Desk, town: Town
) -> None:
    at = desk.new("TRY-10")
    typed = {**desk.fields(desk.get(f"{at}/edit")), "price": ["0.50"]}
    assert desk.send(f"{at}/edit", **typed)[0] == 303
    assert desk.send(f"{at}/propose", version="2", reason="As the board decided.", once="f")[0] == 303
    request = re.search(r"/staff/approvals/[-0-9a-f]+", desk.get(at))
    assert request is not None
    begin = clock.now().date() + timedelta(days=60)
    with town.runtime.db.write() as session:
        desk.office.members["second"] = desk.office.employ(session, StaffRole.MANAGER, "37")
        make_version(session, code="TRY-10", valid_from=begin, valid_to=begin + timedelta(days=9))
    decider = Desk(town, "second")
    assert set(re.findall(rf'href="({at}[^"]*)"', decider.get(request[0]))) == {at, f"{at}/compare"}
    status, page = decider.send(f"{request[0]}/approve", why="")
    assert (status, "Published version 2 holds on some of these days" in page, ">Approve<" in page) == (422, True, True)


def test_every_fault_is_listed_with_its_place_and_what_was_typed_stays(desk: Desk) -> None:
    at = desk.new("TRY-2")
    typed = {**desk.fields(desk.get(f"{at}/edit")), "price": ["0,50"], "tax_rate": ["13 %"], "note": ["mine"]}
    status, page = desk.send(f"{at}/edit", **typed)
    assert status == 422
    assert "2 things are wrong" in page
    for expected in ("$.energy.prices.all", "$.tax.rate", 'value="0,50"', 'value="13 %"', 'value="mine"'):
        assert expected in page
    text = '{"id": "X", "currency": "EUR", "energy": {"lines": "per_tier", "prices": {"all": 0.5}}, "colour": 1}'
    status, page = desk.send(f"{at}/text", version="1", document=text)
    assert status == 422
    assert "$.colour" in page
    assert text in page
    status, page = desk.send(f"{at}/text", version="1", document='{"id": ')
    assert (status, "This is no JSON" in page, '{"id": ' in page) == (422, True, True)


def test_a_fault_of_a_table_is_told_at_its_row_and_says_how_to_write_it(desk: Desk) -> None:
    at = desk.new("TRY-ROWS")
    typed = {
        **desk.fields(desk.get(f"{at}/edit")),
        "lines": ["period_plus_adders"],
        "price_period": ["peak", "flat"],
        "price": ["1", "0.5"],
        "window_period": ["peak", "peak"],
        "window_from": ["8:00", "18:00"],
        "window_to": ["12:00", "22:00"],
        "window_months": ["", "11-2"],
        "window_days": ["", ""],
        "default_period": ["flat"],
        "fund_code": ["Water fund"],
        "fund_rate": ["0.01"],
        "late_fee": ["0,1"],
    }
    status, page = desk.send(f"{at}/edit", **typed)
    assert (status, "3 things are wrong" in page) == (422, True)
    wrong = dict(re.findall(r'id="([\w-]+)"[^>]*aria-invalid="true"[^>]*aria-describedby="([\w-]+) ?"', page))
    assert {"window_months-2", "fund_code-1", "late_fee"} <= {*re.findall(r'href="#([\w-]+)"', page)}
    assert wrong == {each: f"{each}-wrong" for each in ("window_months-2", "fund_code-1", "late_fee")}
    assert ("11-12, 1-2" in page, "small letters, digits and _" in page) == (True, True)
    mended = {"window_months": ["", "11-12, 1-2"], "fund_code": ["fund_water"], "late_fee": ["0.001"]}
    assert desk.send(f"{at}/edit", **typed | mended) == (303, f"{at}?done=kept")
    assert "0.1 %" in desk.get(at)


def test_a_document_that_is_pasted_is_kept_by_its_digits(desk: Desk, town: Town) -> None:
    at = desk.new("TRY-3")
    text = '{"id": "X", "currency": "CNY", "energy": {"lines": "per_tier", "prices": {"all": 0.58886875}}}'
    assert desk.send(f"{at}/text", version="1", document=text) == (303, f"{at}?done=kept")
    with town.runtime.db.read() as session:
        version = queries.version(session, code="TRY-3", version_no=1)
        assert version is not None
        assert queries.document_of(session, version_id=version.id)["energy"]["prices"] == {"all": "0.58886875"}


def test_a_document_that_says_a_name_twice_is_not_taken_by_one_of_the_two(desk: Desk) -> None:
    at = desk.new("TRY-11")
    text = '{"id": "X", "currency": "CNY", "energy": {"lines": "per_tier", "prices": {"all": "0.5", "all": "0.6"}}}'
    status, page = desk.send(f"{at}/text", version="1", document=text)
    assert (status, "all: this name stands twice" in page, '"0.5", "all": "0.6"' in page) == (422, True, True)


def test_a_rate_of_urdb_becomes_the_document_or_its_faults_are_listed(desk: Desk, town: Town) -> None:
    with town.runtime.db.write() as session:
        for code, currency in (("URDB-1", "USD"), ("URDB-2", "CNY")):
            tariffs.create_tariff(
                session,
                code=code,
                name=code,
                tariff_class=TariffClass.RESIDENTIAL,
                currency=currency,
                actor=ACTOR,
                now=clock.now(),
            )
            tariffs.draft(
                session,
                code=code,
                valid_from=clock.now().date() + timedelta(days=40),
                valid_to=None,
                document={**ONE_PRICE, "currency": currency},
                note="",
                zone=town.settings.zone,
                actor=ACTOR,
                now=clock.now(),
            )
    energy = '"energyratestructure": [[{"rate": 0.128101, "max": 650}, {"rate": 0.22237100, "max": 1e38}]]'
    fixed = '"label": "R-31", "fixedchargefirstmeter": 16.48, "fixedchargeunits": "$/month"'
    rate = '{"items": [{' + fixed + ", " + energy + "}]}"
    at = "/staff/tariffs/URDB-1/1"
    assert desk.send(f"{at}/urdb", version="1", rate=rate) == (303, f"{at}?done=kept")
    tried = desk.get(f"{at}/try?kwh=1000&month=1")
    assert re.findall(r'<td class="num end">(\d+\.\d+)</td>\s*<td class="num end">([\d.]+)</td>', tried) == [
        ("0.128101", "83.27"),
        ("0.222371", "77.83"),
        ("16.480000", "16.48"),
    ], "a column has as many decimals in each line"
    assert "177.58" in tried, "650 kWh at 0.128101, 350 at 0.222371, and 16.48"
    refused = rate.replace('"label"', '"annualmincharge": 7, "label"')
    for sent, told in (
        (refused, "annualmincharge"),
        ('{"items": [{}, {}]}', "Paste one rate"),
        ("[1]", "Paste one rate"),
        ('{"items": ', "This is no JSON"),
        (rate.replace("1e38", "1e" + "9" * 30), "Write a plain decimal number"),
    ):
        status, page = desk.send(f"{at}/urdb", version="2", rate=sent)
        assert (status, told in page, sent in page) == (422, True, True), sent
    status, page = desk.send("/staff/tariffs/URDB-2/1/urdb", version="1", rate=rate)
    assert (status, "Use the currency of the tariff" in page, rate in page) == (422, True, True)


def test_a_draft_that_somebody_else_changed_is_not_overwritten_unseen(desk: Desk) -> None:
    at = desk.new("TRY-4")
    mine = {**desk.fields(desk.get(f"{at}/edit")), "price": ["0.61"]}
    assert desk.send(f"{at}/edit", **{**mine, "price": ["0.72"]})[0] == 303
    status, page = desk.send(f"{at}/edit", **mine)
    assert (status, 'value="0.61"' in page, 'name="version" value="2"' in page) == (409, True, True)
    assert desk.send(f"{at}/edit", **{**mine, "version": ["2"]})[0] == 303


def test_a_new_draft_is_compared_with_the_version_before(desk: Desk, town: Town) -> None:
    with town.runtime.db.write() as session:
        code = tariffs.create_tariff(
            session,
            code="TRY-5",
            name="Trade",
            tariff_class=TariffClass.COMMERCIAL,
            currency="CNY",
            actor=ACTOR,
            now=clock.now(),
        )
        for peak in ("1.0867", "1.1290"):
            energy = DOCUMENTS["COM-TOU"]["energy"]
            tariffs.draft(
                session,
                code=code,
                valid_from=clock.now().date() + timedelta(days=40),
                valid_to=None,
                document={**DOCUMENTS["COM-TOU"], "energy": {**energy, "prices": {**energy["prices"], "peak": peak}}},
                note="",
                zone=town.settings.zone,
                actor=ACTOR,
                now=clock.now(),
            )
    page = desk.get("/staff/tariffs/TRY-5/2/compare")
    assert re.search(r"\$\.energy\.prices\.peak.*?1\.0867.*?1\.1290", page, re.DOTALL)
    page = desk.get("/staff/tariffs/TRY-5/2")
    assert re.search(r"08:00–11:00 Peak", page), "the picture of the day is there in words"


def test_a_draft_is_tried_on_a_month_of_real_accounts_and_only_of_units_that_one_may_see(
    desk: Desk, town: Town
) -> None:
    end = clock.now().date().replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    named: dict[str, list[str]] = {HERE: [], ELSEWHERE: []}
    with town.runtime.db.write() as session:
        code = offer(session, ONE_PRICE, first=first, end=end)
        for unit in (HERE, HERE, ELSEWHERE):
            unit_id = session.sql("select id from unit where code = :code", code=unit).scalar_one()
            account = make_account(session, town.runtime.vault, unit_id=unit_id)
            bind(session, account.id, code, first=first if not named[unit] else first + timedelta(days=9))
            put_readings(session, account.id, dict.fromkeys(days_of(first, end), [2_000_000] * 24), minutes=60)
            usage.aggregate(session, months={first: [account.id]}, zone=ZONE)
            named[unit].append(account.account_no)
        version = tariffs.draft(
            session,
            code=code,
            valid_from=end + timedelta(days=40),
            valid_to=None,
            document={**ONE_PRICE, "energy": {"lines": "per_tier", "prices": {"all": "0.70"}}},
            note="",
            zone=town.settings.zone,
            actor=ACTOR,
            now=clock.now(),
        )
    kwh = 48 * (end - first).days
    before, after = round(Decimal("0.66286875") * kwh, 2), round(Decimal("0.70") * kwh, 2)
    at = f"/staff/tariffs/{code}/{version.version_no}/dry-run?month={first:%Y-%m}&of=all"
    page = Desk(town, "here").get(f"{at}&unit={HERE}")
    whole, part = named[HERE]
    shown = re.search(r'aria-label="Largest changes".*?</table>', page, re.DOTALL)
    assert shown is not None
    assert re.findall(r"/staff/accounts/(\w+)", shown[0]) == [whole]
    for expected in (f"{before:,}", f"{after:,}", f"+CN¥{after - before:,}", "+5.60 %"):
        assert expected in shown[0].replace("\xa0", " "), expected
    assert re.search(rf"{part}.*?a part of the month only", page, re.DOTALL)
    assert named[ELSEWHERE][0] not in page
    assert desk.get(f"{at}&unit=37").count(f"/staff/accounts/{named[ELSEWHERE][0]}") == 1
    assert "/dry-run" in desk.get(f"/staff/tariffs/{code}/{version.version_no}")


def test_who_edits_tariffs_in_one_unit_alone_reads_and_changes_nothing(desk: Desk, town: Town) -> None:
    desk.new("TRY-6")
    local = Desk(town, "here")
    page = local.get("/staff/tariffs/TRY-6/1")
    assert "/propose" not in page
    assert local.send("/staff/tariffs/TRY-6/1/propose", version="1", reason="Mine.")[0] == 403
    assert "New draft" not in local.get("/staff/tariffs/TRY-6")
    assert "New tariff" not in local.get("/staff/tariffs")


def test_every_fault_has_words() -> None:
    assert FAULTS.keys() == REMEDIES.keys()
