"""Devices over HTTP: a person sees and ends their own, at once and everywhere, and nobody else's."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.db import Database
from routers.identity.schemas import DeviceList, Me
from tests.factories import identity
from tests.factories.identity import OTHER_PHONE, PHONE
from tests.routers.identity.conftest import Pair, SignIn, refresh, told
from web.runtime import Runtime

ME = "/api/v1/me"
DEVICES = "/api/v1/me/devices"
VALUES = {
    "account_no": "3701000001",
    "bill_no": "20250101",
    "payment_no": "7Q2M9XK4D0C8VT1B",
    **dict.fromkeys(("from", "first"), "2026-11-01"),
    **dict.fromkeys(("to", "last"), "2026-11-02"),
}


@pytest.fixture
def phone(sign_in: SignIn) -> Pair:
    return sign_in(device_name="Phone")


@pytest.fixture
def tablet(sign_in: SignIn) -> Pair:
    return sign_in(device_id="tablet-0123456789", device_name="Tablet")


def listed(client: TestClient, pair: Pair) -> dict[str, str]:
    """Name -> id of a person's devices."""
    answer = DeviceList.model_validate_json(client.get(DEVICES, headers=pair.headers).text)
    return {device.name: str(device.session_id) for device in answer.items}


def test_i_see_myself_masked_and_in_my_language(client: TestClient, sign_in: SignIn) -> None:
    client.headers["Accept-Language"] = "en"
    answer = client.get(ME, headers=sign_in().headers)
    me = Me.model_validate_json(answer.text)
    assert (me.phone_masked, me.locale) == ("+86138****8000", "en")
    assert PHONE[3:] not in answer.text


def test_all_my_devices_are_listed_browsers_too_and_this_one_is_marked(
    client: TestClient, runtime: Runtime, phone: Pair, tablet: Pair
) -> None:
    with runtime.db.write() as session:
        user_id = identity.user(session, vault=runtime.vault, phone=PHONE)
        identity.browser_session(session, user_id=user_id)
    answer = DeviceList.model_validate_json(client.get(DEVICES, headers=phone.headers).text)
    assert sorted((device.name, device.kind, device.is_current) for device in answer.items) == [
        ("Firefox, Linux", "browser", False),
        ("Phone", "app", True),
        ("Tablet", "app", False),
    ]
    assert len(listed(client, tablet)) == 3


def test_a_device_that_i_sign_out_is_out_at_once(client: TestClient, phone: Pair, tablet: Pair) -> None:
    assert client.get(ME, headers=tablet.headers).status_code == 200
    url = f"{DEVICES}/{listed(client, phone)['Tablet']}"
    assert client.delete(url, headers=phone.headers).status_code == 204
    assert told(client.get(ME, headers=tablet.headers)) == (401, "sign_in_needed")
    assert told(refresh(client, tablet.refresh_token)) == (401, "refresh_refused")
    assert list(listed(client, phone)) == ["Phone"]
    assert told(client.delete(url, headers=phone.headers)) == (404, "not_found")


def test_somebody_else_s_device_is_not_found_and_stays(client: TestClient, phone: Pair, sign_in: SignIn) -> None:
    stranger = sign_in(OTHER_PHONE, "device-of-a-stranger", device_name="Theirs")
    theirs = listed(client, stranger)["Theirs"]
    answers = [client.delete(f"{DEVICES}/{each}", headers=phone.headers) for each in (theirs, uuid4())]
    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    assert [told(answer) for answer in answers] == [(404, "not_found")] * 2
    assert bodies[0] == bodies[1]
    assert list(listed(client, stranger)) == ["Theirs"]


def test_signing_out_of_all_other_devices_keeps_this_one(
    client: TestClient, phone: Pair, tablet: Pair, sign_in: SignIn
) -> None:
    stranger = sign_in(OTHER_PHONE, "device-of-a-stranger", device_name="Theirs")
    assert client.delete(DEVICES, headers=phone.headers).status_code == 204
    assert list(listed(client, phone)) == ["Phone"]
    assert told(client.get(ME, headers=tablet.headers)) == (401, "sign_in_needed")
    assert list(listed(client, stranger)) == ["Theirs"]


def test_signing_out_ends_this_session_and_no_other(client: TestClient, phone: Pair, tablet: Pair) -> None:
    assert client.delete(f"{DEVICES}/current", headers=phone.headers).status_code == 204
    assert told(client.delete(f"{DEVICES}/current", headers=phone.headers)) == (401, "sign_in_needed")
    assert told(refresh(client, phone.refresh_token)) == (401, "refresh_refused")
    assert list(listed(client, tablet)) == ["Tablet"]


def test_what_is_no_device_is_a_4xx(client: TestClient, phone: Pair) -> None:
    for session_id in ("x", "0", "current'--", "%00"):
        assert client.delete(f"{DEVICES}/{session_id}", headers=phone.headers).status_code in {400, 422}


def test_each_sign_in_and_each_end_stands_in_the_audit_log(
    client: TestClient, db: Database, phone: Pair, tablet: Pair
) -> None:
    client.delete(f"{DEVICES}/{listed(client, phone)['Tablet']}", headers=phone.headers)
    client.delete(f"{DEVICES}/current", headers=phone.headers)
    assert tablet.access_token
    with db.read() as session:
        rows = session.sql("select act, after ->> 'why' as why from audit order by id").all()
    assert [tuple(row) for row in rows] == [
        ("identity.sign_in", None),
        ("identity.sign_in", None),
        ("identity.session_ended", "revoked"),
        ("identity.session_ended", "signed_out"),
    ]


def body_of(spec: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    """The documented example of a request's body; none for a picture."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema = content["application/json"]["schema"]
    model = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    example: dict[str, Any] = model["examples"][0]
    return example


def operations(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Method, path and body of everything that only a customer with a token may do."""
    app = client.app
    assert isinstance(app, FastAPI)
    spec = app.openapi()
    for path, methods in spec["paths"].items():
        if not path.startswith("/api/v1/") or path.startswith(("/api/v1/auth/", "/api/v1/backoffice/")):
            continue
        for method, operation in methods.items():
            filled, asked = path, {}
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{name}}}", VALUES.get(name, str(uuid4())))
                elif parameter["in"] == "query" and parameter.get("required"):
                    asked[name] = VALUES[name]
            assert "{" not in filled, path
            yield method, f"{filled}?{urlencode(asked)}" if asked else filled, body_of(spec, operation)


def test_a_session_that_ended_is_refused_on_every_operation(client: TestClient, runtime: Runtime) -> None:
    with runtime.db.write() as session:
        user_id = identity.user(session, vault=runtime.vault)
    called = -1
    for called, (method, path, body) in enumerate(operations(client)):
        with runtime.db.write() as session:
            caller = identity.app_session(session, user_id=user_id)
        headers = {
            "Authorization": f"Bearer {identity.access_token(runtime.token_keys, caller)}",
            "Idempotency-Key": f"key-{called}",
            "Content-Type": "application/json",
        }
        content = None if body is None else json.dumps(body)
        heard = client.request(method, path, headers=headers, content=content)
        assert heard.status_code != 401 or told(heard) != (401, "sign_in_needed"), f"{method} {path}"
        with runtime.db.write() as session:
            helper = identity.app_session(session, user_id=user_id)
        helping = {"Authorization": f"Bearer {identity.access_token(runtime.token_keys, helper)}"}
        assert client.delete(f"{DEVICES}/{caller.session_id}", headers=helping).status_code in {204, 404}
        refused = client.request(method, path, headers=headers, content=content)
        assert told(refused) == (401, "sign_in_needed"), f"{method} {path}"
    assert called > 12
