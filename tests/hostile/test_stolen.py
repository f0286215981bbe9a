"""What a thief gets who has a token, a cookie or a secret, and what takes it from them again: request by request."""

import re
import uuid
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from core import clock, outbox
from core.audit import Actor
from core.db import WriteSession
from services.accounts import operations as accounts
from services.accounts.roles import StaffRole
from services.identity import operations as identity
from services.identity import queries
from services.identity.operations import IssuedSecret, staff
from services.identity.queries import ServiceScope
from tests.factories import identity as people
from tests.factories import staff as staff_people
from tests.factories.staff import Member, wrong
from tests.support.office import ELSEWHERE, HERE
from tests.support.town import HOLDER, Person, Town
from web import cookies

OPERATOR: Final = Actor("operator:test")
THIEF: Final = "198.51.100.66"
OUT: Final = (401, "sign_in_needed")


@pytest.fixture
def thief(town: Town) -> TestClient:
    """A client on another network, with nothing but what it stole."""
    return TestClient(
        town.app,
        base_url=town.settings.public_url,
        client=(THIEF, 50_000),
        follow_redirects=False,
        headers={"accept-language": "en"},
    )


@pytest.fixture
def victim(town: Town) -> Person:
    return town.settle(town.build(town.unit_id))


def told(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and problem code."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["code"] if is_problem else None


def refresh(client: TestClient, token: str) -> httpx.Response:
    return client.post("/api/v1/auth/token", json={"grant_type": "refresh", "refresh_token": token})


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def keyed(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "idempotency-key": uuid.uuid4().hex}


def acts(town: Town, act: str) -> list[Any]:
    with town.runtime.db.read() as session:
        return list(session.sql("select * from audit where act = :act order by id", act=act))


def inbox_of(town: Town, user_id: UUID) -> list[str]:
    """What a person reads who signs in anew."""
    while outbox.relay_once(town.runtime.db):
        pass
    with town.runtime.db.write() as session:
        fresh = people.access_token(town.runtime.token_keys, people.app_session(session, user_id=user_id))
    page = town.client.get("/api/v1/inbox", headers={**bearer(fresh), "accept-language": "en"}).json()
    return [message["title"] for message in page["items"]]


def test_a_stolen_refresh_token_ends_when_its_owner_comes_back_and_the_owner_is_told(
    town: Town, thief: TestClient, victim: Person
) -> None:
    with town.runtime.db.write() as session:
        phone = people.app_session(session, user_id=victim.user_id)
    first = refresh(thief, phone.secret).json()
    second = refresh(thief, first["refresh_token"]).json()
    stolen = bearer(second["access_token"])
    seen = thief.get("/api/v1/me", headers=stolen)
    assert seen.status_code == 200, "until then the thief is its owner"
    assert victim.phone[3:] not in seen.text
    cookie = {"cookie": f"{cookies.session_name(town.settings)}={second['refresh_token']}"}
    assert thief.get("/me", headers=cookie).headers["location"].startswith("/sign-in"), "it opens no browser"
    code = {"device_id": uuid.uuid4().hex, "code": "000000"}
    assert told(thief.put("/api/v1/me/erasure", json=code, headers=stolen)) == (401, "code_wrong"), "nor erases anybody"
    asked = thief.put("/api/v1/me/data-export", headers=stolen)
    assert (asked.status_code, asked.json()["state"]) == (202, "making")
    with town.runtime.db.write() as session:
        identity.make_next(session, vault=town.runtime.vault, now=clock.now())
    taken = thief.post("/api/v1/me/data-export/download", json=code, headers=stolen)
    assert told(taken) == (401, "code_wrong"), "nor takes the copy of what is kept, telephone and all"
    assert told(refresh(town.client, phone.secret)) == (401, "refresh_refused"), (
        "the owner's app comes back with its own"
    )
    assert told(thief.get("/api/v1/me", headers=stolen)) == OUT
    assert told(refresh(thief, second["refresh_token"])) == (401, "refresh_refused")
    assert "Phone was signed out for safety" in inbox_of(town, victim.user_id)
    [ended] = [each for each in acts(town, "identity.session_ended") if str(phone.session_id) in each.subject]
    assert ended.after["why"] == "reuse"


def test_a_leaked_access_token_ends_with_its_device_and_reaches_neither_pages_nor_staff_nor_the_back_office(
    town: Town, thief: TestClient, victim: Person
) -> None:
    stolen = victim.bearer
    assert thief.get("/api/v1/accounts", headers=stolen).status_code == 200
    for page in ("/", "/me", "/bills", "/staff", "/staff/search"):
        assert "/sign-in" in thief.get(page, headers=stolen).headers["location"], page
    push: dict[str, Any] = {"items": [{}]}
    assert told(thief.post("/api/v1/backoffice/bills", json=push, headers=keyed(stolen))) == OUT
    assert told(refresh(thief, victim.token)) == (422, "invalid_fields"), "it renews nothing"
    with town.runtime.db.write() as session:
        own = people.access_token(
            town.runtime.token_keys, people.app_session(session, user_id=victim.user_id, name="Tablet")
        )
    gone = town.client.delete(f"/api/v1/me/devices/{victim.session_id}", headers=bearer(own))
    assert gone.status_code == 204
    assert told(thief.get("/api/v1/accounts", headers=stolen)) == OUT
    assert town.client.get("/api/v1/accounts", headers=bearer(own)).status_code == 200


def employed(town: Town) -> Member:
    """Somebody who signed in a while ago: their last code is not fresh any more."""
    with town.runtime.db.write() as session:
        now = clock.now() - timedelta(minutes=6)
        return staff_people.employ(session, town.runtime.vault, role=StaffRole.ADMIN, unit=HERE, now=now)


def cookie_of(town: Town, token: str) -> dict[str, str]:
    return {"cookie": f"{cookies.staff_session_name(town.settings)}={token}"}


def step_up(town: Town, client: TestClient, token: str, code: str) -> httpx.Response:
    form = {"csrf": cookies.form_token(town.runtime.vault, f"staff|{token}"), "code": code}
    return client.post("/staff/step-up", data=form, headers=cookie_of(town, token))


def reveal(town: Town, client: TestClient, token: str) -> httpx.Response:
    form = {
        "csrf": cookies.form_token(town.runtime.vault, f"staff|{token}"),
        "hidden": "name",
        "reason": "caller gave the number",
    }
    return client.post(f"/staff/accounts/{town.house.account_no}/reveal", data=form, headers=cookie_of(town, token))


def test_a_stolen_staff_cookie_reads_masked_pages_and_no_code_of_the_owners_comes_with_it(
    town: Town, thief: TestClient
) -> None:
    owner = employed(town)
    stolen = cookie_of(town, owner.cookie)
    page = thief.get(f"/staff/accounts/{town.house.account_no}", headers=stolen)
    assert page.status_code == 200
    assert HOLDER not in page.text
    assert thief.get("/me", headers=stolen).headers["location"].startswith("/sign-in"), "it is the console's alone"
    assert told(thief.get("/api/v1/accounts", headers=stolen)) == OUT
    assert 'action="/staff/step-up"' in reveal(town, thief, owner.cookie).text
    code = owner.code(at=clock.now())
    for _ in range(5):
        assert step_up(town, thief, owner.cookie, wrong(code)).status_code == 422
    assert step_up(town, thief, owner.cookie, code).status_code == 422, "after five wrong ones not even a right code"
    refused = [each for each in acts(town, "identity.staff_step_up_refused") if str(owner.staff_id) in each.actor]
    assert {each.address for each in refused} == {THIEF}
    assert len(refused) == 6


def end_by_sign_out(town: Town, owner: Member) -> None:
    form = {"csrf": cookies.form_token(town.runtime.vault, f"staff|{owner.cookie}")}
    town.client.cookies.clear()
    assert town.client.post("/staff/sign-out", data=form, headers=cookie_of(town, owner.cookie)).status_code == 303


def end_by_code(town: Town, owner: Member) -> None:
    town.client.cookies.clear()
    answer = step_up(town, town.client, owner.cookie, owner.code(at=clock.now()))
    assert answer.status_code == 303
    [fresh] = re.findall(r"staff=([^;]+);", answer.headers["set-cookie"])
    assert town.client.get("/staff", headers=cookie_of(town, fresh)).status_code == 200


def end_by_disabling(town: Town, owner: Member) -> None:
    with town.runtime.db.write() as session:
        assert staff.disable(session, staff_id=owner.staff_id, actor=OPERATOR, now=clock.now())


def end_by_resting(town: Town, owner: Member) -> None:
    with town.runtime.db.write() as session:
        session.sql(
            "update staff_session set last_used_at = :then, idle_until = :now where staff_id = :id",
            then=clock.now() - timedelta(minutes=30),
            now=clock.now(),
            id=owner.staff_id,
        )


def end_by_taking_the_role(town: Town, owner: Member) -> None:
    with town.runtime.db.write() as session:
        session.sql("update staff_grant set revoked_at = :now where staff_id = :id", now=clock.now(), id=owner.staff_id)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (end_by_sign_out, 303),
        (end_by_code, 303),
        (end_by_disabling, 303),
        (end_by_resting, 303),
        (end_by_taking_the_role, 403),
    ],
)
def test_a_stolen_staff_cookie_is_worth_nothing_once(town: Town, thief: TestClient, end: Any, status: int) -> None:
    owner = employed(town)
    path, stolen = f"/staff/accounts/{town.house.account_no}", cookie_of(town, owner.cookie)
    assert thief.get(path, headers=stolen).status_code == 200
    end(town, owner)
    assert thief.get(path, headers=stolen).status_code == status


def program(session: WriteSession, *scopes: ServiceScope, unit: str) -> IssuedSecret:
    issued = identity.add_client(
        session, name=f"program {uuid.uuid4()}", scopes=scopes, actor=OPERATOR, now=clock.now()
    )
    client = queries.service_client_id(session, client_id=issued.client_id)
    assert client is not None
    accounts.give_program_units(session, client=client, codes=[unit], actor=OPERATOR, now=clock.now())
    return issued


def earn(client: TestClient, issued: IssuedSecret) -> httpx.Response:
    body = {"grant_type": "client_credentials", "client_id": issued.client_id, "client_secret": issued.secret}
    return client.post("/api/v1/auth/token", json=body)


def test_a_leaked_service_secret_opens_its_scopes_and_units_and_its_use_is_on_record(
    town: Town, thief: TestClient
) -> None:
    with town.runtime.db.write() as session:
        issued = program(session, ServiceScope.PAYMENTS_READ, unit=ELSEWHERE)
    stolen = bearer(earn(thief, issued).json()["access_token"])
    feed = thief.get("/api/v1/backoffice/payments", headers=stolen)
    assert feed.status_code == 200
    assert town.house.account_no not in feed.text
    for kind in ("units", "accounts", "bills"):
        answer = thief.post(f"/api/v1/backoffice/{kind}", json={"items": [{}]}, headers=keyed(stolen))
        assert told(answer) == (403, "scope_missing")
    for path in ("/api/v1/me", "/api/v1/accounts", f"/api/v1/accounts/{town.house.account_no}/bills"):
        assert told(thief.get(path, headers=stolen)) == OUT
    assert thief.get("/staff", headers=stolen).status_code == 303
    used = [each for each in acts(town, "identity.service_sign_in") if each.address == THIEF]
    assert len(used) == 1
    assert used[0].subject.startswith("service_secret:")


@pytest.mark.parametrize("end", ["rotated", "disabled", "bound to its networks"])
def test_a_leaked_service_secret_and_what_it_earned_end_at_once_when_it_is(
    town: Town, thief: TestClient, end: str
) -> None:
    with town.runtime.db.write() as session:
        issued = program(session, ServiceScope.PAYMENTS_READ, unit=HERE)
    stolen = bearer(earn(thief, issued).json()["access_token"])
    assert thief.get("/api/v1/backoffice/payments", headers=stolen).status_code == 200
    with town.runtime.db.write() as session:
        common = {"client_id": issued.client_id, "actor": OPERATOR}
        match end:
            case "rotated":
                own = identity.rotate_secret(session, **common, now=clock.now(), overlap=timedelta(0))  # type: ignore[arg-type] # by name
                issued_now = own
            case "disabled":
                identity.disable_client(session, **common)  # type: ignore[arg-type] # as above
                issued_now = issued
            case _:
                identity.bind_client(session, **common, networks=["127.0.0.0/8"])  # type: ignore[arg-type] # as above
                issued_now = issued
    assert told(thief.get("/api/v1/backoffice/payments", headers=stolen)) == OUT
    assert told(earn(thief, issued)) == (401, "client_wrong")
    town.client.cookies.clear()
    goes_on = earn(town.client, issued_now)
    assert goes_on.status_code == (401 if end == "disabled" else 200), "the supplier's own program goes on"
