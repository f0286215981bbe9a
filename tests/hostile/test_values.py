"""Values that no honest client sends, into every body, path, query and token: a 4xx problem, no echo, nothing changed."""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, Final

import httpx2 as httpx
import hypothesis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.access.requests import NOBODY
from tests.support.office import office_of
from tests.support.town import HOLDER, RECEIPT_SECRET, Person, Town

MARK: Final = "zqxjkv"
WORDS: Final = ("traceback", "psycopg", "sqlalchemy", "pydantic", "fastapi", "python", "select ", "uvicorn")
BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /api/v1/auth/otp": {"phone": "13800138000", "device_id": "0123456789abcdef"},
    "POST /api/v1/auth/token": {
        "grant_type": "otp",
        "phone": "13800138000",
        "code": "000000",
        "device_id": "0123456789abcdef",
        "device_name": "phone",
    },
    "POST /api/v1/account-links": {
        "account_no": "9999999999",
        "proof": {"kind": "last_bill_amount", "name_character": HOLDER[0], "amount_minor": 1},
    },
    "POST /api/v1/payments": {
        "account_no": "9999999999",
        "amount_minor": 100,
        "method": "wechat_native",
        "return_url": "/payments",
        "bill_nos": ["B0001"],
        "wechat": {"appid": "wx0123456789", "code": "o0123456789"},
    },
    "POST /api/v1/payments/{payment_no}/attempts": {"amount_minor": 100, "method": "wechat_h5"},
    "POST /api/v1/payment-quotes": {"account_no": "9999999999", "name_hint": HOLDER[0]},
}
HOSTILE_BODIES: Final = {
    "empty": b"",
    "blank": b" \n",
    "cut": b'{"a": ',
    "a text": b'"zqxjkv"',
    "a number": b"1",
    "null": b"null",
    "a list": b"[]",
    "a list of itself": b'[{"phone": "zqxjkv"}]',
    "deep": b"[" * 200_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"phone": "zqxjkv"}'.encode("utf-16"),
    "utf-32": '{"phone": "zqxjkv"}'.encode("utf-32"),
    "utf-7": b"+AHsAIg-phone+ACI:1+AH0-",
    "gbk": '{"phone": "张三"}'.encode("gbk"),
    "invalid utf-8": b'{"phone": "\xff\xfe"}',
    "overlong utf-8": b'{"phone": "\xc0\xaf"}',
    "surrogate in utf-8": b'{"phone": "\xed\xa0\x80"}',
    "NUL": b'{"phone": "\x00"}',
    "escaped NUL": b'{"phone": "\\u0000"}',
    "lone surrogate": b'{"phone": "\\ud800"}',
    "NaN": b'{"amount_minor": NaN}',
    "Infinity": b'{"amount_minor": -Infinity}',
    "names twice": b'{"phone": "1", "phone": "zqxjkv"}',
    "an integer of 300 digits": b'{"amount_minor": ' + b"9" * 300 + b"}",
    "10^19": b'{"amount_minor": 10000000000000000000}',
    "10^400": b'{"amount_minor": 1e400}',
    "single quotes": b"{'phone': 'zqxjkv'}",
    "a comment": b'{/* zqxjkv */ "phone": 1}',
    "a comma too many": b'{"phone": 1,}',
    "two values": b"{}{}",
    "XML": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "300 kB": b'{"phone": "' + b"a" * 300_000 + b'"}',
    "10,000 names": json.dumps({f"zqxjkv{number}": number for number in range(10_000)}).encode(),
    "own prototype": b'{"__proto__": {"is_admin": true}, "constructor": 1}',
}
HOSTILE_VALUES: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null in a list": [None],
    "an object": {MARK: MARK},
    "a nested list": [[[[]]]],
    "-1": -1,
    "0": 0,
    "1.5": 1.5,
    "1e2": 1e2,
    "10^17": 10**17,
    "a number as text": "100",
    "an empty text": "",
    "a control character": f"{MARK}\u0007",
    "a line end": f"{MARK}\r\nSet-Cookie: a=b",
    "a text turned round": f"\u202e{MARK}",
    "50 kB": "a" * 50_000 + "!",
    "SQL": f"{MARK}' OR 1=1--",
    "SQL with quotes": f'{MARK}"; drop table account; --',
    "a template": f"{MARK}{{{{7*7}}}}",
    "a script": f"<script>{MARK}</script>",
    "a path": f"../../../etc/{MARK}",
    "a format": f"%s%n{{0}}{MARK}",
    "full-width digits": "１２３４５",
}

COUNTING: Final = frozenset(
    {
        "audit",
        "idempotency",
        "link_failure",
        "otp_challenge",
        "payment_callback_refusal",
        "payment_quote_failure",
        "sign_in_budget",
        "sign_in_limit",
        "staff_session",
    }
)


@pytest.fixture(scope="module")
def person(town: Town) -> Person:
    return town.people["owner"]


@pytest.fixture(scope="module", autouse=True)
def _nothing_changed(town: Town) -> Iterator[None]:
    """After all of it, only what counts tries and keeps refusals may differ (and fresh codes that scenes arrange)."""
    office_of(town)
    before = town.fingerprint()
    yield
    after = town.fingerprint()
    assert {name for name in after if after[name] != before[name]} <= COUNTING


def send(town: Town, operation: str, person: Person | None, content: bytes, **headers: str) -> httpx.Response:
    method, _, path = operation.partition(" ")
    known = {"idempotency-key": uuid.uuid4().hex, "content-type": "application/json", **headers}
    path = path.format(payment_no="0" * 16)
    return town.client.request(
        method, path, content=content, headers=known if person is None else {**person.bearer, **known}
    )


def expect_refused(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in (statuses or (400, 413, 415, 422)), (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    text = answer.text.lower()
    assert MARK not in text
    assert not [word for word in WORDS if word in text]
    assert "server" not in answer.headers


@pytest.mark.parametrize("operation", BODIES)
@pytest.mark.parametrize("kind", HOSTILE_BODIES)
def test_a_hostile_body_is_refused(town: Town, person: Person, operation: str, kind: str) -> None:
    answer = send(town, operation, person, HOSTILE_BODIES[kind])
    # Another try at a payment may be empty, and what it names is looked for first.
    expect_refused(answer, *((400, 404, 413, 415, 422) if operation.endswith("/attempts") else ()))


def places(body: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in body.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from places(value, (*path, name))


FIELDS: Final = [(operation, place) for operation, body in BODIES.items() for place in places(body)]


def replaced(body: dict[str, Any], place: tuple[str, ...], value: object) -> dict[str, Any]:
    name, rest = place[0], place[1:]
    return {**body, name: replaced(body[name], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("operation", "place"), FIELDS, ids=lambda each: ".".join(each) if isinstance(each, tuple) else each
)
def test_a_hostile_value_is_refused_or_a_mere_text(
    town: Town, person: Person, operation: str, place: tuple[str, ...]
) -> None:
    for kind, value in HOSTILE_VALUES.items():
        body = json.dumps(replaced(BODIES[operation], place, value)).encode()
        answer = send(town, operation, person, body)
        assert 400 <= answer.status_code < 500, (kind, answer.text)
        is_text = isinstance(value, str) and place[-1] in {
            "phone",
            "code",
            "device_name",
            "name_character",
            "name_hint",
            "meter_no",
            "device_id",
            "account_no",
            "return_url",
        }
        expect_refused(
            answer, *((400, 401, 404, 409, 422, 429) if is_text or value == 0 or kind == "10^17" else (400, 404, 422))
        )


@pytest.mark.parametrize("operation", BODIES)
def test_a_field_that_nobody_asked_for_is_refused(town: Town, person: Person, operation: str) -> None:
    for extra in ("status", "role", "is_admin", "payable_id", "customer_id", "verified", f"{MARK}"):
        body = json.dumps({**BODIES[operation], extra: "paid"}).encode()
        answer = send(town, operation, person, body)
        expect_refused(answer, 422)
        assert answer.json()["errors"][-1]["field"].endswith("*")


RETURN_URLS: Final = (
    "//zqxjkv.example",
    "/\\zqxjkv.example",
    "https:zqxjkv.example",
    "https://zqxjkv.example/",
    "/%2f/zqxjkv.example",
    "/\tzqxjkv",
    "\t//zqxjkv.example",
    "/a\nb",
    "javascript:zqxjkv",
    "data:text/html,zqxjkv",
    "@zqxjkv.example",
    "/@zqxjkv.example",
    ".zqxjkv.example",
    "/?next=//zqxjkv.example",
    "/#zqxjkv",
    "/zqxjkv。example",
    "",
    "/" + "a" * 300,
)


@pytest.mark.parametrize("return_url", RETURN_URLS)
def test_nobody_is_sent_elsewhere_after_paying(town: Town, person: Person, return_url: str) -> None:
    body = {"account_no": town.house.account_no, "amount_minor": 100, "method": "wechat_h5", "return_url": return_url}
    expect_refused(send(town, "POST /api/v1/payments", person, json.dumps(body).encode()), 400, 422)


@pytest.mark.parametrize(
    "wanted", [url for url in RETURN_URLS if url not in {"", "/@zqxjkv.example"} and len(url) < 300]
)
def test_nobody_is_sent_elsewhere_after_signing_in(town: Town, wanted: str) -> None:
    town.client.cookies.clear()
    page = town.client.get("/sign-in", params={"next": wanted}).text
    [field] = re.findall(r'name="next" value="([^"]*)"', page)
    assert field.startswith("/")
    assert not re.match(r"/[/\\\s]|.*[\x00-\x20\\]", field)


TOKENS: Final = {
    "none": "Bearer ",
    "nothing": "",
    "another scheme": "Basic enFqa3Y6enFqa3Y=",
    "no scheme": "zqxjkv",
    "an empty token": "Bearer ..",
    "alg none": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ6cXhqa3YifQ.",
    "not base64": "Bearer !!!.???.***",
    "1,000 nested arrays": "Bearer " + "W1tb" * 300 + ".e30.c2ln",
    "10 kB": "Bearer " + "a" * 10_000,
    "five parts": "Bearer a.b.c.d.e",
    "two tokens": "Bearer a.b.c, Bearer d.e.f",
    "a path as kid": "Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLy4uL3gifQ.e30.c2ln",
    "tab": "Bearer\ta.b.c",
    "spaces": "Bearer      ",
    "a cookie's value": "Bearer zqxjkv",
}


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("operation", ["GET /api/v1/accounts", "GET /api/v1/inbox", "POST /api/v1/payments"])
def test_a_hostile_token_is_nobody(town: Town, operation: str, kind: str) -> None:
    body = json.dumps(BODIES.get(operation, {})).encode() if operation.startswith("POST") else b""
    expect_refused(send(town, operation, None, body, authorization=TOKENS[kind]), 401)


def test_letters_beyond_ascii_and_two_tokens_are_refused_too(town: Town, person: Person) -> None:
    strange = town.client.get("/api/v1/accounts", headers={b"authorization": "Bearer é".encode()})
    expect_refused(strange, 400, 401)
    twice = town.client.get(
        "/api/v1/accounts", headers=[("authorization", person.bearer["authorization"]), ("authorization", "Bearer x")]
    )
    expect_refused(twice, 400)


QUERIES: Final = (
    "limit=0",
    "limit=-1",
    "limit=1000000000",
    "limit=1e2",
    "limit=true",
    "limit=%2B1x",
    "limit=1_0",
    "limit=0x10",
    "limit=",
    "limit=10%00",
    "limit=" + "9" * 400,
    "limit=%EF%BC%91",
    "limit[]=1&limit[]=2&limit[]=3",
    "limit=1&limit=99",
    "cursor=zqxjkv",
    "cursor=" + "A" * 64,
    "cursor=" + "A" * 600,
    "cursor=%00",
    "cursor=..%2f..",
    "cursor=' OR 1=1--",
    "cursor=%F0%9F%98%80",
    "cursor=AAAA====",
    "cursor=",
)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", ["/api/v1/inbox", "/api/v1/accounts", "/api/v1/accounts/{account_no}/bills"])
def test_a_hostile_query_is_refused(town: Town, person: Person, path: str, query: str) -> None:
    if "[]" in query:
        query = "limit=x&" + query.replace("[]", "%5B%5D")
    answer = town.client.get(f"{path.format(account_no=town.house.account_no)}?{query}", headers=person.bearer)
    expect_refused(answer, 400, 413, 422)


@pytest.mark.parametrize("name", ["sort", "fields", "expand", "filter", "order_by", "include"])
def test_a_query_cannot_widen_an_answer(town: Town, person: Person, name: str) -> None:
    plain = town.client.get("/api/v1/accounts", headers=person.bearer)
    for value in ("password_hash", "*", "owner.openid", "' OR 1=1--"):
        answer = town.client.get("/api/v1/accounts", params={name: value}, headers=person.bearer)
        assert (answer.status_code in {400, 422}) or answer.content == plain.content


def test_a_cursor_with_one_character_changed_or_of_another_list_is_refused(town: Town, person: Person) -> None:
    made = town.runtime.cursors.make(scope=f"inbox|{person.user_id}", position=[str(NOBODY)])
    assert town.client.get(f"/api/v1/inbox?cursor={made}", headers=person.bearer).status_code == 200
    bills = f"/api/v1/accounts/{town.house.account_no}/bills"
    expect_refused(town.client.get(f"{bills}?cursor={made}", headers=person.bearer), 400)
    other = town.people["payer"]
    expect_refused(town.client.get(f"/api/v1/inbox?cursor={made}", headers=other.bearer), 400)
    for place in range(0, len(made) - 1, 3):
        changed = made[:place] + ("A" if made[place] != "A" else "B") + made[place + 1 :]
        expect_refused(town.client.get(f"/api/v1/inbox?cursor={changed}", headers=person.bearer), 400)


SEGMENTS: Final = (
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f",
    "..;",
    "%2e%2e",
    "a%00b",
    "%ff%fe",
    "a%5cb",
    "a%0d%0ab",
    "%c0%ae%c0%ae",
    "%F0%9F%98%80",
    "'%20OR%201=1--",
    "%3Cscript%3Ezqxjkv",
    "{{7*7}}",
    "a" * 500,
    "a.",
    "~root",
    "a;b=c",
    "-1",
)
PATHS: Final = (
    "/api/v1/accounts/{}",
    "/api/v1/accounts/{}/bills",
    "/api/v1/payments/{}",
    "/api/v1/nothing/{}",
    "/static/{}",
    "/bills/1234567890/{}",
    "/inbox/{}",
    "/{}",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_path_leads_nowhere(town: Town, person: Person, path: str) -> None:
    for segment in SEGMENTS:
        raw = httpx.URL("http://testserver").copy_with(raw_path=path.format(segment).encode())
        headers = person.bearer if path.startswith("/api/") else town.browser(person)
        town.client.cookies.clear()
        answer = town.client.request("GET", raw, headers=headers, follow_redirects=False)
        assert 400 <= answer.status_code < 500, (segment, answer.status_code)
        assert MARK not in answer.text


NOWHERE: Final = (
    "/docs",
    "/redoc",
    "/openapi.json",
    "/.git/config",
    "/.env",
    "/.well-known/security.txt",
    "/server-status",
    "/admin",
    "/actuator/env",
    "/debug",
    "/__sandbox__/messages",
    "/__sandbox__/books",
    "/phpinfo.php",
    "/app/main.py",
    "/static/",
    "/static/app.css",
    "/static/../app/main.py",
    "/static/vendor",
    "/api",
    "/api/v1",
    "/api/v1/",
    "/api/v2/accounts",
    "/callbacks",
    "/callbacks/",
    "/callbacks/alipay",
    "/callbacks/sms/aliyun_sms",
    "/metrics/",
    "/readyz/",
    "/sign-in/",
    "//",
    "/accounts/",
)


@pytest.mark.parametrize("path", NOWHERE)
def test_there_is_nothing_behind_well_known_doors(town: Town, path: str) -> None:
    town.client.cookies.clear()
    answer = town.client.request("GET", httpx.URL("http://testserver").copy_with(raw_path=path.encode()))
    assert answer.status_code in {400, 404, 405}


XML: Final = {
    "entity bomb": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "zqxjkv"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>',
    "external entity": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "http://127.0.0.1:9/zqxjkv">]><l>&x;</l>',
    "100,000 attributes": b"<l " + b" ".join(b'a%d="1"' % number for number in range(20_000)) + b"/>",
    "UTF-7": b"+ADw-script+AD4-zqxjkv",
    "JSON for another": b'{"id": "zqxjkv"}',
    "a list": b"[1]",
    "deep": b"[" * 200_000,
    "invalid utf-8": b"\xff\xfe\x00",
    "empty": b"",
}


@pytest.mark.parametrize("body", XML.values(), ids=XML.keys())
@pytest.mark.parametrize("path", ["/callbacks/wechat-pay", "/callbacks/sms/aliyun_sms/a-secret-of-the-test"])
def test_a_callback_takes_no_foreign_body(town: Town, path: str, body: bytes) -> None:
    for content_type in ("text/xml", "application/json", "application/x-www-form-urlencoded; charset=utf-7"):
        answer = town.client.post(path, content=body, headers={"content-type": content_type})
        assert answer.status_code in {400, 401, 413, 415, 422}
        assert MARK not in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/accounts", "/nothing", "/?a=%00"])
def test_no_wish_for_a_language_makes_an_answer_fail(town: Town, path: str) -> None:
    """Of every kind of answer: a page, a problem, a page that there is not, a refusal at the door."""
    target = httpx.URL("http://testserver").copy_with(raw_path=path.encode())
    town.client.cookies.clear()
    for byte in (*range(0x20, 0x7F), *range(0x80, 0x100)):
        answer = town.client.request("GET", target, headers=[(b"accept-language", b"en;q=" + bytes([byte]))])
        assert answer.status_code < 500, (byte, answer.text)


@given(
    body=st.binary(max_size=60) | st.recursive(st.text(max_size=9), st.lists).map(lambda it: json.dumps(it).encode())
)
@example(body=b'[{"phone_number": "13800138000", "success": true, "biz_id": "\xe9"}]')
@example(body=b'[{"phone_number": "13800138000", "success": true, "biz_id": "\\ud800"}]')
@example(body=b'[{"phone_number": "13800138000", "success": true, "biz_id": "b", "out_id": "\\u0000"}]')
@hypothesis.settings(max_examples=40, deadline=None)
def test_no_bytes_pushed_as_receipts_are_a_failure(town: Town, body: bytes) -> None:
    pushed = town.client.post(f"/callbacks/sms/aliyun_sms/{RECEIPT_SECRET}", content=body)
    assert pushed.status_code == (200 if body.strip() == b"[]" else 400)


@pytest.mark.parametrize("secret", ["%C3%A9", "%F0%9F%98%80", "%B2", "%ED%A0%80", "a" * 300])
def test_a_strange_secret_opens_no_receipts(town: Town, secret: str) -> None:
    target = httpx.URL("http://testserver").copy_with(raw_path=f"/callbacks/sms/aliyun_sms/{secret}".encode())
    assert town.client.request("POST", target, content=b"[]").status_code in {400, 404, 422}
