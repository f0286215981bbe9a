"""A customer tells what the meter shows, loses nothing to a wrong picture, and sees what became of it."""

import io
from typing import Any

import httpx2 as httpx
import lxml.html
import pytest
from PIL import Image

from core import clock
from core.config import Settings
from services.accounts.models import Role
from tests.factories.own_readings import picture
from tests.support.town import Home, Person, Town

NO_PICTURE = b"\xff\xd8\xff no picture"


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


@pytest.fixture
def owner(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def send(town: Town, home: Home, who: Person, reading: str, photo: bytes | None = None, **other: str) -> httpx.Response:
    """Send the form as a browser without scripts does: an empty part where no picture was chosen."""
    fields = {
        "csrf": town.form_token(who),
        "account": home.account_no,
        "register_key": "1.total",
        "reading": reading,
        **other,
    }
    files: dict[str, Any] = {"photo": ("" if photo is None else "meter.jpg", photo or b"", "application/octet-stream")}
    town.client.cookies.clear()
    headers = {**town.browser(who), "accept-language": "en"}
    return town.client.post("/meter-readings", data=fields, files=files, headers=headers, follow_redirects=False)


def page_of(town: Town, who: Person) -> Any:
    town.client.cookies.clear()
    answer = town.client.get("/meter-readings", headers={**town.browser(who), "accept-language": "en"})
    assert answer.status_code == 200
    return lxml.html.fromstring(answer.text)


def told(town: Town, home: Home) -> list[tuple[int, bool]]:
    """What is kept of the account: values, and whether there is a picture."""
    with town.runtime.db.read() as session:
        rows = session.sql(
            "select value, photo_id is not null as has_photo from own_reading where account_id = :id and replaced_at is null",
            id=home.account.id,
        )
        return [(row.value, row.has_photo) for row in rows]


def test_a_reading_is_told_with_its_picture_and_its_state_is_seen(town: Town, home: Home, owner: Person) -> None:
    answer = send(town, home, owner, " 7312.5 ", picture())
    assert (answer.status_code, answer.headers["location"]) == (303, "/meter-readings?told=1")
    page = page_of(town, owner)
    assert home.meter_no not in lxml.html.tostring(page).decode(), "it proves to whom the account belongs"
    row = page.xpath("//ul[@id='rows']/li")[0]
    assert row.xpath("string(.//strong)").split() == ["7,312.5", "kWh"]
    assert "Waits for our staff" in row.text_content()
    assert "the first reading of this register" in row.text_content()
    shown = town.client.get(row.xpath(".//img/@src")[0], headers=town.browser(owner))
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
    again = send(town, home, owner, "7312.5", None)
    assert (again.status_code, told(town, home)) == (303, [(7_312_500_000, True)])


def test_what_staff_did_with_a_reading_is_told_with_the_reason(town: Town, home: Home, owner: Person) -> None:
    send(town, home, owner, "500")
    for state, said in (("accepted", "Taken"), ("discarded", "Not taken")):
        with town.runtime.db.write() as session:
            session.sql(
                "update reading_quarantine set state = :state, decided_at = :now, decided_by = 'staff:a' where account_id = :id",
                state=state,
                now=clock.now(),
                id=home.account.id,
            )
        row = page_of(town, owner).xpath("//ul[@id='rows']/li")[0].text_content()
        assert said in row
        assert ("the first reading" in row) == (state == "discarded")


def too_large(settings: Settings) -> bytes:
    return picture() + bytes(settings.readings_photo_most_bytes)


@pytest.mark.parametrize("kind", ["broken", "too large"])
def test_a_wrong_picture_keeps_what_was_typed_and_tells_nothing(
    town: Town, home: Home, owner: Person, kind: str
) -> None:
    answer = send(town, home, owner, "7312.5", NO_PICTURE if kind == "broken" else too_large(town.settings))
    page = lxml.html.fromstring(answer.text)
    assert answer.status_code == 422
    assert page.xpath("//input[@id='reading']/@value") == ["7312.5"]
    assert page.xpath("//div[@id='summary']//a/@href") == ["#photo"]
    assert told(town, home) == []


@pytest.mark.parametrize("reading", ["", "-1", "10,483", "1e3", "nan", "1234567890123", "1.1234567", "٣", "a\x00"])
def test_what_is_no_reading_is_shown_again_beside_its_field(
    town: Town, home: Home, owner: Person, reading: str
) -> None:
    answer = send(town, home, owner, reading)
    assert answer.status_code == 422
    assert lxml.html.fromstring(answer.text).xpath("//div[@id='summary']//a/@href") == ["#reading"]
    assert told(town, home) == []


def test_a_reading_of_a_register_that_is_not_there_is_not_told(town: Town, home: Home, owner: Person) -> None:
    assert send(town, home, owner, "5", register_key="1.peak").status_code == 422
    assert send(town, home, owner, "5", register_key="2.total").status_code == 422
    assert send(town, home, owner, "5", register_key=f"{home.meter_no}.total").status_code == 422, (
        "numbers choose nothing"
    )
    assert told(town, home) == []


def test_who_only_looks_sees_what_was_told_and_no_form_and_who_sees_sums_neither(
    town: Town, home: Home, owner: Person
) -> None:
    send(town, home, owner, "5", picture())
    [photo] = page_of(town, owner).xpath("//img[@class='photo']/@src")
    viewer = town.settle(home, role=Role.VIEWER, has_payments=False)
    page = page_of(town, viewer)
    assert page.xpath("//ul[@id='rows']/li")
    assert not page.xpath("//main//form | //img[@class='photo']")
    assert town.client.get(photo, headers=town.browser(viewer)).status_code == 403, "it shows the whole number"
    assert send(town, home, viewer, "6").status_code == 403
    with town.runtime.db.write() as session:
        session.sql(
            "update access_grant set scope = 'totals' where user_id = :id and revoked_at is null", id=viewer.user_id
        )
    town.client.cookies.clear()
    assert town.client.get("/meter-readings", headers=town.browser(viewer)).status_code == 403


def test_a_body_that_is_no_form_is_refused_with_a_page(town: Town, owner: Person) -> None:
    town.client.cookies.clear()
    for kind in ("multipart/form-data", "multipart/form-data; boundary=b"):
        answer = town.client.post(
            "/meter-readings", content=b"--c\r\nno part", headers={**town.browser(owner), "content-type": kind}
        )
        assert 400 <= answer.status_code < 500, kind
        assert answer.headers["content-type"].startswith("text/html")
