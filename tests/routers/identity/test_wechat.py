"""Signing in by WeChat at the API: what a mini-program sends and is told, and the list of what signs one in."""

from typing import Any
from uuid import uuid4

import pytest

from core import outbox
from tests.support.town import Town

Person = dict[str, Any]


@pytest.fixture(autouse=True)
def _honest(town: Town) -> None:
    town.sandbox.clear_faults()


@pytest.fixture
def phone() -> str:
    return f"+86138{uuid4().int % 10**8:08d}"


@pytest.fixture
def person(town: Town, phone: str) -> Person:
    return town.sandbox.wechat_person(phone)


def grant(town: Town, person: Person, *, with_phone: bool = False, **changes: object) -> Any:
    """Bring a fresh code of the mini-program."""
    appid = town.sandbox.mini_program["appid"]
    body = {
        "grant_type": "wechat",
        "appid": appid,
        "code": town.sandbox.wechat_code("js", appid, person),
        "device_id": uuid4().hex,
        "device_name": "Wang's phone",
        **({"phone_code": town.sandbox.wechat_code("phone", appid, person)} if with_phone else {}),
        **changes,
    }
    return town.client.post("/api/v1/auth/token", json=body)


def relay(town: Town) -> None:
    while outbox.relay_once(town.runtime.db):
        pass


def told(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def bearer(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_mini_program_signs_in_first_with_a_telephone_then_by_its_code_alone(
    town: Town, person: Person, phone: str
) -> None:
    assert told(grant(town, person)) == (409, "wechat_phone_needed")
    first = bearer(grant(town, person, with_phone=True))
    again = bearer(grant(town, person))
    mine = [town.client.get("/api/v1/me", headers=headers).json()["phone_masked"] for headers in (first, again)]
    assert mine == [f"{phone[:-8]}****{phone[-4:]}"] * 2
    devices = town.client.get("/api/v1/me/devices", headers=again).json()["items"]
    assert [(device["kind"], device["name"]) for device in devices] == [("app", "Wang's phone")] * 2


def test_tokens_of_wechat_are_renewed_like_all_others(town: Town, person: Person) -> None:
    given = grant(town, person, with_phone=True).json()
    body = {"grant_type": "refresh", "refresh_token": given["refresh_token"]}
    assert town.client.post("/api/v1/auth/token", json=body).json()["refresh_token"] != given["refresh_token"]


def test_no_answer_holds_what_wechat_calls_a_person(town: Town, person: Person) -> None:
    headers = bearer(grant(town, person, with_phone=True))
    answers = [
        grant(town, person),
        town.client.get("/api/v1/me", headers=headers),
        town.client.get("/api/v1/me/wechat", headers=headers),
    ]
    for answer in answers:
        assert "session_key" not in answer.text
        assert person["unionid"] not in answer.text
        assert person["openids"][town.sandbox.mini_program["appid"]] not in answer.text


def test_what_wechat_does_not_know_signs_nobody_in(town: Town, person: Person) -> None:
    appid, other = town.sandbox.mini_program["appid"], town.appid
    used = town.sandbox.wechat_code("js", appid, person)
    assert told(grant(town, person, code=used)) == (409, "wechat_phone_needed")
    assert told(grant(town, person, code=used)) == (401, "wechat_code_wrong")
    assert told(grant(town, person, code=town.sandbox.wechat_code("oauth", other, person))) == (
        401,
        "wechat_code_wrong",
    )
    assert told(grant(town, person, phone_code="made-up")) == (401, "wechat_code_wrong")
    assert told(grant(town, person, appid="wx0000000000000000")) == (422, "wechat_app_unknown")


def test_a_platform_that_is_busy_or_distrusts_is_told_as_such(town: Town, person: Person) -> None:
    town.sandbox.fault("wechat.jscode2session", "errcode", value=45011, count=1)
    busy = grant(town, person, with_phone=True)
    assert (told(busy), busy.headers["retry-after"]) == ((503, "wechat_busy"), "10")
    town.sandbox.wechat(f"people/{person['id']}/block")
    assert told(grant(town, person, with_phone=True)) == (403, "wechat_refused")


def test_a_device_that_asks_without_end_is_told_when_to_come_again(town: Town, person: Person) -> None:
    device = uuid4().hex
    answers = [grant(town, person, device_id=device) for _ in range(21)]
    assert told(answers[19]) == (409, "wechat_phone_needed")
    assert told(answers[20]) == (429, "sign_in_limited")
    assert int(answers[20].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"code": ""},
        {"code": "a b"},
        {"code": "x" * 513},
        {"appid": "wx'--"},
        {"phone_code": 5},
        {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        {"device_id": "short"},
    ],
    ids=str,
)
def test_a_strange_request_never_reaches_wechat(town: Town, person: Person, change: dict[str, Any]) -> None:
    asked = len(town.sandbox.wechat_calls("jscode2session"))
    assert told(grant(town, person, **change)) == (422, "invalid_fields")
    assert len(town.sandbox.wechat_calls("jscode2session")) == asked


def test_one_parts_from_ones_wechat_and_needs_the_telephone_again(town: Town, person: Person) -> None:
    headers = bearer(grant(town, person, with_phone=True))
    [mine] = town.client.get("/api/v1/me/wechat", headers=headers).json()["items"]
    assert mine["appid"] == town.sandbox.mini_program["appid"]
    path = f"/api/v1/me/wechat/{mine['id']}"
    assert town.client.delete(path, headers=headers).status_code == 204
    assert town.client.get("/api/v1/me/wechat", headers=headers).json()["items"] == []
    assert told(town.client.delete(path, headers=headers)) == (404, "not_found")
    assert told(grant(town, person)) == (409, "wechat_phone_needed")
    assert town.client.get("/api/v1/me", headers=headers).status_code == 200


def by_telephone(town: Town) -> dict[str, str]:
    """Somebody who has just signed in by a code."""
    return town.settle(town.build(town.unit_id, has_bills=False), has_payments=False).bearer


def add(town: Town, headers: dict[str, str], person: Person, *, appid: str = "", code: str = "", key: str = "") -> Any:
    """Bring a fresh code of an application to join the person's WeChat."""
    appid = appid or town.sandbox.mini_program["appid"]
    body = {"appid": appid, "code": code or town.sandbox.wechat_code("js", appid, person)}
    return town.client.post("/api/v1/me/wechat", json=body, headers={**headers, "idempotency-key": key or uuid4().hex})


def mine(town: Town, headers: dict[str, str]) -> set[str]:
    listed = town.client.get("/api/v1/me/wechat", headers=headers).json()["items"]
    return {each["id"] for each in listed if each["appid"] == town.sandbox.mini_program["appid"]}


def test_who_signed_in_by_telephone_adds_their_wechat_and_signs_in_by_it(town: Town, person: Person) -> None:
    headers, key = by_telephone(town), uuid4().hex
    appid = town.sandbox.mini_program["appid"]
    code = town.sandbox.wechat_code("js", appid, person)
    answers = [add(town, headers, person, code=code, key=key) for _ in range(2)]
    assert [(each.status_code, each.json()["id"]) for each in answers] == [(201, answers[0].json()["id"])] * 2
    assert add(town, headers, person).json()["id"] == answers[0].json()["id"], "added again, it is the same"
    by_wechat = bearer(grant(town, person))
    same = [town.client.get("/api/v1/me", headers=each).json() for each in (headers, by_wechat)]
    assert same[0] == same[1]
    relay(town)
    titles = [each["title"] for each in town.client.get("/api/v1/inbox", headers=by_wechat).json()["items"]]
    assert titles.count("已添加微信登录") == 1, "the other devices are told, once"
    with town.runtime.db.read() as session:
        [act] = session.sql(
            "select after from audit where act = 'identity.wechat_linked' and subject = :id",
            id=f"wechat_identity:{answers[0].json()['id']}",
        ).scalars()
    assert act == {"appid": appid}
    for answer in answers:
        assert person["openids"][appid] not in answer.text


def test_an_added_wechat_joins_by_its_unionid_and_parts_everywhere(town: Town, person: Person) -> None:
    headers = by_telephone(town)
    added = add(town, headers, person).json()["id"]
    other = next(each for each in town.sandbox.credentials["wechat"]["apps"] if each["kind"] == "official_account")
    code = town.sandbox.wechat_code("oauth", other["appid"], person, scope="snsapi_userinfo")
    joined = grant(town, person, appid=other["appid"], code=code)
    assert joined.status_code == 200, "another application of the same supplier knows them by the unionid"
    assert town.client.delete(f"/api/v1/me/wechat/{added}", headers=headers).status_code == 204
    assert told(grant(town, person)) == (409, "wechat_phone_needed")
    assert add(town, headers, person).status_code == 201


def test_somebody_elses_wechat_is_not_taken_over_and_leaves_nothing(town: Town, person: Person) -> None:
    owner, thief = by_telephone(town), by_telephone(town)
    assert add(town, owner, person).status_code == 201
    assert told(add(town, thief, person)) == (409, "wechat_taken")
    assert (len(mine(town, owner)), mine(town, thief)) == (1, set())
    assert town.client.get("/api/v1/me", headers=bearer(grant(town, person))).json() == (
        town.client.get("/api/v1/me", headers=owner).json()
    )


def test_a_session_that_is_not_fresh_adds_no_way_in_and_does_not_ask_wechat(town: Town, person: Person) -> None:
    headers = by_telephone(town)
    with town.runtime.db.write() as session:
        session.sql("update session_family set created_at = created_at - interval '16 minutes'")
    asked = len(town.sandbox.wechat_calls("jscode2session"))
    assert told(add(town, headers, person)) == (403, "fresh_sign_in_needed")
    assert (len(town.sandbox.wechat_calls("jscode2session")), mine(town, headers)) == (asked, set())


def test_a_session_that_wechat_opened_adds_no_other_wechat_until_a_code_proves_the_telephone(
    town: Town, person: Person
) -> None:
    owner = by_telephone(town)
    assert add(town, owner, person).status_code == 201
    borrowed, thief = bearer(grant(town, person)), town.sandbox.wechat_person()
    asked = len(town.sandbox.wechat_calls("jscode2session"))
    assert told(add(town, borrowed, thief)) == (403, "fresh_sign_in_needed")
    assert len(town.sandbox.wechat_calls("jscode2session")) == asked
    assert (told(grant(town, thief)), len(mine(town, owner))) == ((409, "wechat_phone_needed"), 1)
    assert add(town, owner, town.sandbox.wechat_person()).status_code == 201, "a code opened theirs"


def test_who_adds_without_end_is_told_when_to_come_again(town: Town, person: Person) -> None:
    headers = by_telephone(town)
    answers = [add(town, headers, person, code="made-up") for _ in range(21)]
    assert (told(answers[19]), told(answers[20])) == ((401, "wechat_code_wrong"), (429, "sign_in_limited"))
