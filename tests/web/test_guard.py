"""What no handler may see is refused at the door with a problem, never with a 500."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

import httpx2 as httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from tests.support.served import listening
from web.guard import (
    BAD_PATH,
    DEFAULTS,
    FORM,
    MAX_BODY_BYTES,
    MULTIPART,
    SECURITY_HEADERS,
    Guard,
    GuardRules,
    Upload,
    check_json,
)
from web.handlers import PageRenderer
from web.problems.common import BadJson

RULES = GuardRules(hosts=frozenset({"testserver"}), locales=("zh-CN", "en"), is_secure=True)


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()

    @app.post("/api/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/api/echo")
    async def ok() -> dict[str, bool]:
        return {"ok": True}

    app.add_middleware(Guard, rules=RULES)
    with TestClient(app) as made:
        yield made


def expect_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "", "testserver:81", "testserver, evil.example"]
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    expect_problem(client.get("/api/echo", headers={"host": host}), 400, "bad_request")


@pytest.mark.parametrize("name", ["authorization", "content-type", "cookie", "idempotency-key", "origin"])
def test_a_header_that_decides_something_comes_once(client: TestClient, name: str) -> None:
    expect_problem(client.get("/api/echo", headers=[(name, "a"), (name, "b")]), 400, "bad_request")


@pytest.mark.parametrize(
    "target",
    [
        "/api/%2e%2e/echo",
        "/api/..;/echo",
        "/api/echo%00",
        "/api/echo%ff",
        "/api//echo",
        "/api%5cecho",
        "/api/%2fecho",
        "/api/e%0acho",
    ],
)
def test_a_doubtful_path_is_refused(client: TestClient, target: str) -> None:
    expect_problem(
        client.request("GET", httpx.URL("http://testserver").copy_with(raw_path=target.encode())), 400, "bad_request"
    )


def test_paths_that_customers_use_are_not_doubtful() -> None:
    assert not any(
        BAD_PATH.search(path)
        for path in (b"/", b"/bills/3301000012/B-2026-10", b"/api/v1/accounts/A.1", b"/static/app.0a.css")
    )


@pytest.mark.parametrize("query", ["a=1&a=2", "a=%00", "a=%ff", "limit=1&limit=99"])
def test_a_doubtful_query_is_refused(client: TestClient, query: str) -> None:
    expect_problem(client.get(f"/api/echo?{query}"), 400, "bad_request")


def test_sizes_are_bounded(client: TestClient) -> None:
    expect_problem(client.get("/api/echo", headers={"x-long": "a" * 20_000}), 413, "too_large")
    expect_problem(client.get("/api/echo", headers={f"x-{number}": "a" for number in range(80)}), 413, "too_large")
    expect_problem(client.get("/api/echo?q=" + "a" * 5_000), 413, "too_large")
    expect_problem(client.post("/api/echo", json="a" * MAX_BODY_BYTES), 413, "too_large")


def test_a_body_without_announced_length_is_bounded_too(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a" * 10_000

    answer = client.post("/api/echo", content=pieces(), headers={"content-type": "application/json"})
    expect_problem(answer, 413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_the_api_reads_json_alone(client: TestClient, content_type: str) -> None:
    expect_problem(
        client.post("/api/echo", content=b"{}", headers={"content-type": content_type}), 415, "unsupported_media"
    )


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    expect_problem(client.post("/api/echo", content=b"{}", headers=headers), 415, "unsupported_media")


HOSTILE_JSON = {
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "names twice": b'{"a": 1, "a": 2}',
    "deep": b"[" * 200_000,
    "deep and closed": b"[" * 40 + b"]" * 40,
    "huge integer": b"1" * 300,
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "nul": b'{"a": "\\u0000"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone surrogate in a name": b'{"\\udc00": 1}',
    "cut": b'{"a": ',
    "empty": b" ",
}


@pytest.mark.parametrize("body", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_hostile_json_is_refused(client: TestClient, body: bytes) -> None:
    expect_problem(
        client.post("/api/echo", content=body, headers={"content-type": "application/json"}), 400, "bad_json"
    )


def test_honest_json_passes(client: TestClient) -> None:
    check_json('{"name": "张三 \U0001f50c", "amount_minor": 999999999999999999, "list": [{"x": null}]}'.encode())
    with pytest.raises(BadJson):
        check_json(b"1000000000000000000")
    assert client.post("/api/echo", json={"a": "\U0001f50c"}).status_code == 200


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for answer in (client.get("/api/echo"), client.get("/nothing"), client.get("/api/echo", headers={"host": "evil"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert "server" not in answer.headers


def test_the_problem_speaks_the_readers_language(client: TestClient) -> None:
    def speak(wish: str) -> str:
        answer = client.get("/api/echo", headers={"host": "evil", "accept-language": wish})
        return str(answer.json()["detail"])

    assert speak("zh-CN,zh;q=0.9") == speak("fr") != speak("en-GB,en;q=0.8,zh;q=0.1")


class Bug(Exception):
    """Nobody foresaw it."""


def failing_page(*_: object) -> Response:
    raise Bug


async def _begins_and_breaks() -> AsyncIterator[bytes]:
    yield b"begun"
    raise Bug


def broken_app(page: PageRenderer | None = None) -> FastAPI:
    app = FastAPI()

    @app.post("/api/bug")
    @app.get("/bug")
    async def bug() -> None:
        raise Bug

    @app.get("/api/begun")
    async def begun() -> StreamingResponse:
        return StreamingResponse(_begins_and_breaks())

    @app.get("/api/echo")
    async def ok() -> dict[str, bool]:
        return {"ok": True}

    app.add_middleware(Guard, rules=RULES, page=page)
    return app


@pytest.fixture(scope="module")
def broken() -> Iterator[httpx.Client]:
    with (
        listening(broken_app()) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"host": "testserver"}, trust_env=False) as client,
    ):
        yield client


def tracebacks(caplog: pytest.LogCaptureFixture, logs: Sequence[Mapping[str, object]]) -> int:
    """How often an error was written with where it came from: by us, by the server."""
    return sum("exc_info" in each for each in logs) + sum(bool(each.exc_info) for each in caplog.records)


def test_a_bug_is_told_by_its_number_with_all_that_every_answer_carries_and_logged_once(
    broken: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    for method, path in (("POST", "/api/bug"), ("GET", "/bug"), ("HEAD", "/bug")):
        caplog.clear()
        with capture_logs() as logs:
            answer = broken.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code == 500
        for name, value in {**SECURITY_HEADERS, **DEFAULTS}.items():
            assert answer.headers[name] == value
        assert "strict-transport-security" in answer.headers
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
        [bug] = [each for each in logs if each["event"] == "unexpected_error"]
        assert [each["status"] for each in logs if each["event"] == "request"] == [500]
        assert method == "HEAD" or answer.json()["incident"] == bug["incident"]
        assert tracebacks(caplog, logs) == 1
        assert answer.headers["connection"] == "close"
        assert broken.get("/api/echo").status_code == 200


def test_an_answer_that_breaks_off_is_seen_to_be_cut(broken: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with capture_logs() as logs:
        with pytest.raises(httpx.RemoteProtocolError):
            broken.get("/api/begun")
        assert broken.get("/api/echo").status_code == 200
    assert len([each for each in logs if each["event"] == "unexpected_error"]) == 1
    assert tracebacks(caplog, logs) == 1


def test_a_bug_is_told_even_when_its_page_fails_too() -> None:
    with TestClient(broken_app(failing_page)) as client:
        answer = client.get("/bug", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


def test_a_path_that_takes_pictures_takes_its_own_kinds_and_sizes_and_no_other_path_does() -> None:
    upload = Upload(re.compile(r"/api/[a-z]+/photo"), frozenset({"image/jpeg"}), 400_000, 15.0)
    app = FastAPI()

    @app.put("/api/{name}/{what}")
    async def echo(request: Request, name: str, what: str) -> dict[str, int]:
        return {name + what: len(await request.body())}

    app.add_middleware(Guard, rules=replace(RULES, uploads=(upload,)))
    jpeg, more = {"content-type": "image/jpeg"}, bytes(MAX_BODY_BYTES + 1)
    with TestClient(app) as client:
        assert client.put("/api/a/photo", content=more, headers=jpeg).json() == {"aphoto": len(more)}
        expect_problem(client.put("/api/a/photo", content=bytes(400_001), headers=jpeg), 413, "too_large")
        expect_problem(client.put("/api/a/photo", json={}), 415, "unsupported_media")
        expect_problem(client.put("/api/a/photos", content=more, headers=jpeg), 413, "too_large")
        expect_problem(client.put("/api/a/photos", content=b"x", headers=jpeg), 415, "unsupported_media")

        def pieces() -> Iterator[bytes]:
            yield from [bytes(100_000)] * 5

        expect_problem(client.put("/api/a/photo", content=pieces(), headers=jpeg), 413, "too_large")


def test_a_form_with_a_picture_has_bounds_of_its_own_and_a_plain_one_at_its_path_those_of_all() -> None:
    upload = Upload(re.compile(r"/told"), frozenset({FORM, MULTIPART}), 400_000, 15.0)
    app = FastAPI()

    @app.post("/{name}")
    async def echo(request: Request, name: str) -> dict[str, int]:
        return {name: len(await request.body())}

    app.add_middleware(Guard, rules=replace(RULES, uploads=(upload,)))
    plain, parts, more = {"content-type": FORM}, {"content-type": f"{MULTIPART}; boundary=b"}, bytes(MAX_BODY_BYTES + 1)
    with TestClient(app) as client:
        assert client.post("/told", content=more, headers=parts).json() == {"told": len(more)}
        expect_problem(client.post("/told", content=bytes(400_001), headers=parts), 413, "too_large")
        expect_problem(client.post("/told", content=b"a" * len(more), headers=plain), 413, "too_large")
        expect_problem(client.post("/told", content=b"a=%00", headers=plain), 422, "invalid_fields")
        expect_problem(client.post("/told", json={}), 415, "unsupported_media")
        expect_problem(client.post("/other", content=b"x", headers=parts), 415, "unsupported_media")
