"""Values that no browser sends, into every field of every form and into cookies: never a failure of ours."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx2 as httpx
import pytest
from fastapi.dependencies.models import Dependant

from portal.customer import shelf
from tests.access.letting_in import make_room
from tests.access.requests import ASKING, headers_of, scene
from tests.hostile.test_values import HOSTILE_VALUES, MARK
from tests.support.document import ROUTES
from tests.support.thorough import share
from tests.support.town import Town
from web.guard import NUL_IN_COOKIE

UNREADABLE: Final = {
    "NUL": "%00",
    "NUL at the end": "3201000009%00",
    "NUL in the midst": f"{MARK}%00{MARK}",
    "NUL as it is": "a\x00b",
    "invalid utf-8": "%FF%FE",
    "invalid utf-8 as it is": "\xff",
    "cut utf-8": "%E5%BC",
    "overlong utf-8": "%C0%AF",
    "overlong NUL": "%C0%80",
    "surrogate in utf-8": "%ED%A0%80",
    "beyond Unicode": "%F4%90%80%80",
}
STRANGE: Final = {
    **{kind: quote_plus(value) for kind, value in HOSTILE_VALUES.items() if isinstance(value, str)},
    "unit separators": "%1F%1E%0B%0C",
    "half an escape": "%",
    "no escape": "%zz%u0000",
    "an escaped escape": "%2500",
    "a noncharacter": "%EF%BF%BF",
    "a byte order mark": "%EF%BB%BF3201000009",
    "beyond the first plane": "%F0%9F%98%80" * 10,
    "300 digits": "9" * 300,
    "32 digits": "9" * 32,
    "nothing that is a number": "nan",
    "no end": "-inf",
}


def fields_of(asked: Dependant) -> Iterator[str]:
    yield from (field.alias for field in asked.body_params)
    for other in asked.dependencies:
        yield from fields_of(other)


def forms() -> Iterator[tuple[str, str]]:
    """Every form and each of its fields, as the application itself knows them."""
    for route in ROUTES:
        if "POST" in (route.methods or ()) and not route.path.startswith(("/api/", "/callb")):
            for field in fields_of(route.dependant):
                yield f"POST {route.path}", field


FIELDS: Final = sorted(set(forms()))


def test_every_form_is_here() -> None:
    assert {operation for operation, _ in FIELDS} == {
        operation for operation in ASKING if operation.startswith("POST ") and "/api/" not in operation
    } - {
        "POST /callbacks/wechat-pay",
        "POST /callbacks/wechat-pay/{merchant}",
        "POST /callbacks/wechat",
        "POST /callbacks/sms/{provider}/{secret}",
    }


def sending(town: Town, operation: str) -> Callable[[str, str], httpx.Response]:
    """Sends an honest form of which one field holds what is given, percent-encoded already."""
    made = scene(town, operation, "owner", "own")

    def send(field: str, value: str) -> httpx.Response:
        if "/people" in operation and made.things.home is not None:
            make_room(town, made.things.home)  # each asking lets somebody in
        asked = ASKING[operation](made)
        assert asked.form is not None
        honest = urlencode({name: held for name, held in asked.form.items() if name != field})
        town.client.cookies.clear()
        return town.client.post(
            asked.path,
            content=f"{honest}&{field}={value}".encode("latin-1"),
            headers={
                **headers_of(made),
                **asked.headers,
                "content-type": "application/x-www-form-urlencoded",
                "accept-language": "en",
            },
            follow_redirects=False,
        )

    return send


@pytest.mark.parametrize(("operation", "field"), FIELDS)
def test_what_is_no_text_is_refused_with_a_page(town: Town, operation: str, field: str) -> None:
    send = sending(town, operation)
    for kind, value in share(f"{operation} {field}", list(UNREADABLE.items()), parts=4):
        answer = send(field, value)
        assert answer.status_code == 422, (kind, answer.text)
        assert answer.headers["content-type"].startswith("text/html")
        assert "There is a problem" in answer.text
        assert MARK not in answer.text


@pytest.mark.parametrize(("operation", "field"), FIELDS)
def test_no_text_in_a_form_is_a_failure(town: Town, operation: str, field: str) -> None:
    send = sending(town, operation)
    for kind, value in share(f"{operation} {field}", list(STRANGE.items()), parts=8):
        assert send(field, value).status_code < 500, kind


def test_a_name_that_is_no_text_is_refused_too(town: Town) -> None:
    assert sending(town, "POST /accounts/link")("%00", "a").status_code == 422


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=b", "MULTIPART/form-data;boundary=b", "text/plain", "", "a/b"]
)
def test_a_form_comes_in_one_coding_alone(town: Town, content_type: str) -> None:
    made = scene(town, "POST /accounts/link", "owner", "own")
    fields: dict[str, Any] = {**(ASKING["POST /accounts/link"](made).form or {}), "account_no": "3201000009\x00"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    town.client.cookies.clear()
    answer = town.client.post(
        "/accounts/link",
        content="\r\n".join([*parts, "--b--\r\n"]).encode(),
        headers={**headers_of(made), "content-type": content_type},
    )
    assert answer.status_code == 415


COOKIES: Final = (
    b'"\\000"',
    b'"a\\000b"',
    b'"\\0000"',
    b"\\000",
    b'"\\377\\376"',
    b"\xff\xfe",
    b'"',
    b'"\\',
    b"%00",
    b"\x7f",
)


@pytest.mark.parametrize("name", ["account", "session", "visitor", "lang"])
def test_no_cookie_is_a_failure(town: Town, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Of a reader with more accounts than the switcher shows: the chosen one is looked for in the database."""
    monkeypatch.setattr(shelf, "SWITCHER", 0)
    session = town.browser(town.people["owner"])["cookie"].encode()
    for value in COOKIES:
        for path in ("/", "/bills", "/sign-in", "/accounts/link"):
            town.client.cookies.clear()
            kept = b"" if name == "session" else session + b"; "
            answer = town.client.get(
                path, headers=[(b"cookie", kept + name.encode() + b"=" + value)], follow_redirects=False
            )
            assert answer.status_code < 500, (value, path)
            assert (answer.status_code == 400) == (NUL_IN_COOKIE in value), (value, path)
