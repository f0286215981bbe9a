"""A customer's own readings by the API: told once however often it is sent, listed, and shown with their pictures."""

import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from services.accounts.models import Role
from tests.factories.own_readings import picture
from tests.factories.readings import place_meter
from tests.support.town import Home, Person, Town


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


@pytest.fixture
def owner(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def path_of(home: Home) -> str:
    return f"/api/v1/accounts/{home.account_no}/meter-readings"


def tell(town: Town, home: Home, who: Person, body: dict[str, Any], *, key: str = "") -> Any:
    headers = {**who.bearer, "idempotency-key": key or uuid4().hex}
    return town.client.post(path_of(home), json=body, headers=headers)


def send(town: Town, home: Home, who: Person, told: str, photo: bytes, *, kind: str = "image/jpeg") -> Any:
    headers = {**who.bearer, "content-type": kind}
    return town.client.put(f"{path_of(home)}/{told}/photo", content=photo, headers=headers)


def test_a_reading_is_told_once_and_listed_with_its_picture(town: Town, home: Home, owner: Person) -> None:
    key = uuid4().hex
    told = tell(town, home, owner, {"register": "total", "value": "7312.5"}, key=key)
    again = tell(town, home, owner, {"register": "total", "value": "7312.5"}, key=key)
    assert (told.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, told.json(), "true")
    said = told.json()
    assert (said["register"], said["value"], said["state"], said["reason"]) == (
        "total",
        "7312.500000",
        "waiting",
        "first",
    )
    shown = send(town, home, owner, said["id"], picture(kind="PNG"), kind="image/png").json()
    assert shown == {**said, "has_photo": True}
    viewer = town.settle(home, role=Role.VIEWER, has_payments=False)
    listed = town.client.get(path_of(home), headers=viewer.bearer).json()
    assert listed["items"] == [{**shown, "is_mine": False}]
    assert [(each["meter"], each["register"]) for each in listed["registers"]] == [(1, "total")]
    assert home.meter_no not in str(listed), "it proves to whom the account belongs"
    path = f"{path_of(home)}/{said['id']}/photo"
    assert town.client.get(path, headers=viewer.bearer).json()["code"] == "not_payer", "it shows the number, too"
    photo = town.client.get(path, headers=owner.bearer)
    assert Image.open(io.BytesIO(photo.content)).size == (40, 30)
    assert {name: photo.headers[name] for name in ("content-type", "cache-control", "x-content-type-options")} == {
        "content-type": "image/jpeg",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    assert photo.headers["content-disposition"].startswith("attachment")


def test_pages_of_the_list_go_on_where_the_last_ended(town: Town, home: Home, owner: Person) -> None:
    with town.runtime.db.write() as session:
        session.sql(
            "insert into meter_register (account_id, id, meter_no, kind) values (:id, 1, :no, 'peak'), (:id, 2, :no, 'flat')",
            id=home.account.id,
            no=home.meter_no,
        )
    told = [tell(town, home, owner, {"register": each, "value": "1"}).json()["id"] for each in ("peak", "flat")]
    first = town.client.get(path_of(home), params={"limit": 1}, headers=owner.bearer).json()
    rest = town.client.get(path_of(home), params={"cursor": first["next"]}, headers=owner.bearer).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == told[::-1]
    assert rest["next"] is None


def test_a_meter_is_chosen_by_its_place_at_the_account_and_numbers_are_not_tried(
    town: Town, home: Home, owner: Person
) -> None:
    with town.runtime.db.write() as session:
        place_meter(session, account_id=home.account.id, meter_no=f"{home.meter_no}-2")
    assert tell(town, home, owner, {"value": "1"}).json()["code"] == "register_unknown"
    assert tell(town, home, owner, {"value": "1", "meter_no": home.meter_no}).status_code == 422
    chosen = town.client.get(path_of(home), headers=owner.bearer).json()["registers"][1]
    told = tell(town, home, owner, {"value": "1", "meter": chosen["meter"]})
    assert (told.status_code, told.json()["meter_no"]) == (201, chosen["meter_no"])
    assert chosen["meter_no"] == f"…{home.meter_no[-2:]}-2"


@pytest.mark.parametrize("value", ["-1", "1e3", "NaN", "1,5", "１２", "1.0000001", "1" * 13, "", " 1", "1\u0000"])
def test_what_is_no_number_of_a_meter_is_refused(town: Town, home: Home, owner: Person, value: str) -> None:
    assert tell(town, home, owner, {"register": "total", "value": value}).status_code in {400, 422}
    assert town.client.get(path_of(home), headers=owner.bearer).json()["items"] == []


def test_hostile_pictures_are_refused_by_name_and_leave_nothing(town: Town, home: Home, owner: Person) -> None:
    told = tell(town, home, owner, {"register": "total", "value": "1"}).json()["id"]
    most = town.settings.readings_photo_most_bytes
    cases = [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415, "unsupported_media"),
        (b"<!doctype html><script>1</script>", "image/jpeg", 422, "photo_unreadable"),
        (b"{}", "application/json", 415, "unsupported_media"),
        (picture()[:300], "image/jpeg", 422, "photo_unreadable"),
        (b"", "image/jpeg", 422, "photo_unreadable"),
        (bytes(most + 1), "image/jpeg", 413, "too_large"),
    ]
    for content, kind, status, code in cases:
        answer = send(town, home, owner, told, content, kind=kind)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert town.client.get(f"{path_of(home)}/{told}/photo", headers=owner.bearer).json()["code"] == "photo_unknown"


def test_a_reading_of_another_account_takes_no_picture(town: Town, home: Home, owner: Person) -> None:
    told = tell(town, home, owner, {"register": "total", "value": "1"}).json()["id"]
    other = town.build(town.unit_id, has_bills=False)
    neighbour = town.settle(other, has_payments=False)
    assert send(town, other, neighbour, told, picture()).json()["code"] == "own_reading_unknown"
    assert town.client.get(f"{path_of(other)}/{told}/photo", headers=neighbour.bearer).status_code == 404
    co_payer = town.settle(home, role=Role.PAYER, has_payments=False)
    assert send(town, home, co_payer, told, picture()).json()["code"] == "not_your_reading"
    assert tell(town, home, co_payer, {"value": "2"}).json()["code"] == "reading_told_already"
