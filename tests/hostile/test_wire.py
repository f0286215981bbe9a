"""Bytes on the wire that no honest client sends: refused or cut off, and the next request is served.

One real process whose deadlines are a second long, so that waiting for them is cheap.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.served import Served, serving
from tests.support.town import Town

QUICK: Final = """
import app.wire, web.guard
app.wire.HEAD_DEADLINE_S = web.guard.BODY_DEADLINE_S = 1.0
from app.serve import main
raise SystemExit(main())
"""
HOST: Final = b"Host: testserver\r\n"
CLOSE: Final = b"Connection: close\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
MARK: Final = "zqxjkv"


@pytest.fixture(scope="module")
def served(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("web")
    (folder / "quick.py").write_text(QUICK)
    log = folder / "web.log"
    with serving(town.settings, log=log, program=(str(folder / "quick.py"),)) as made:
        yield made
        assert made.is_alive()
    assert "unexpected_error" not in log.read_text(encoding="utf-8")
    assert "Traceback" not in log.read_text(encoding="utf-8")


@dataclass
class Told:
    """All that came until the server closed."""

    raw: bytes

    @property
    def statuses(self) -> list[int]:
        """Status of every answer."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.raw)]


def exchange(served: Served, request: bytes) -> Told:
    """Send bytes and read until the server closes."""
    with served.connect() as connection:
        with suppress(OSError):  # cut off while we were still sending, which is one right answer
            connection.sendall(request)
        return Told(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def expect_refused(told: Told, *, may_close: bool = True) -> None:
    """A 4xx problem or a closed connection, with nothing of what was sent and nothing about us."""
    assert told.statuses or may_close
    assert all(400 <= status < 500 for status in told.statuses), told.raw
    assert len(told.statuses) <= 1, "a second request was seen"
    assert MARK.encode() not in told.raw.lower()
    for word in (b"server:", b"uvicorn", b"python", b"traceback", b"fastapi", b"starlette"):
        assert word not in told.raw.lower()


def get(head: bytes, *, line: bytes = b"GET /api/v1/accounts HTTP/1.1\r\n") -> bytes:
    return line + head + b"\r\n"


def post(head: bytes, body: bytes) -> bytes:
    return b"POST /api/v1/auth/otp HTTP/1.1\r\n" + HOST + JSON + head + b"\r\n" + body


SECOND: Final = get(HOST, line=b"GET /livez?" + MARK.encode() + b" HTTP/1.1\r\n")
UNREADABLE: Final = {
    "no host": get(b""),
    "two hosts": get(HOST + b"Host: evil.example\r\n"),
    "two equal hosts": get(HOST + HOST),
    "a foreign host": get(b"Host: zqxjkv.example\r\n"),
    "a host with a path": get(b"Host: testserver/zqxjkv\r\n"),
    "a host with user-info": get(b"Host: testserver@zqxjkv\r\n"),
    "an empty host": get(b"Host: \r\n"),
    "a space before the colon": get(b"Host : testserver\r\n"),
    "HTTP/1.0 without host": b"GET /api/v1/accounts HTTP/1.0\r\n\r\n",
    "HTTP/0.9": b"GET /api/v1/accounts\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": b"GET /api/v1/accounts HTTP/3.0\r\n" + HOST + b"\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "NUL bytes": b"\x00" * 100,
    "a NUL in a header": get(HOST + b"X-Note: a\x00b\r\n"),
    "a bare CR in a header": get(HOST + b"X-Note: a\rzqxjkv: b\r\n"),
    "obs-fold": get(HOST + b"X-Note: a\r\n folded\r\n"),
    "a header without a colon": get(HOST + b"zqxjkv\r\n"),
    "a header without a name": get(HOST + b": zqxjkv\r\n"),
    "a space in a header's name": get(HOST + b"X Note: 1\r\n"),
    "no spaces in the first line": b"GET/api/v1/accountsHTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab in the target": get(HOST, line=b"GET /api/v1/\taccounts HTTP/1.1\r\n"),
    "a raw 0xff in the target": get(HOST, line=b"GET /api/v1/\xff HTTP/1.1\r\n"),
    "a raw CR in the target": get(HOST, line=b"GET /api/v1/\rzqxjkv HTTP/1.1\r\n"),
    "a fragment in the target": get(HOST + CLOSE, line=b"GET /api/v1/accounts#zqxjkv HTTP/1.1\r\n"),
    "absolute form, foreign": get(HOST, line=b"GET http://zqxjkv.example/api/v1/accounts HTTP/1.1\r\n"),
    "authority form": get(HOST, line=b"CONNECT zqxjkv.example:443 HTTP/1.1\r\n"),
    "asterisk form": get(HOST, line=b"OPTIONS * HTTP/1.1\r\n"),
    "TRACE": get(HOST + CLOSE, line=b"TRACE /api/v1/accounts HTTP/1.1\r\n"),
    "a method of nobody": get(HOST, line=b"ZQXJKV /api/v1/accounts HTTP/1.1\r\n"),
    "a method in small letters": get(HOST, line=b"get /api/v1/accounts HTTP/1.1\r\n"),
    "a huge header": get(HOST + b"X-Note: " + b"a" * 2_000_000 + b"\r\n"),
    "20,000 headers": get(HOST + b"".join(b"X-%d: a\r\n" % number for number in range(20_000))),
    "a huge target": get(HOST, line=b"GET /api/v1/accounts?" + b"a" * 2_000_000 + b" HTTP/1.1\r\n"),
    "a target of 5 kB": get(HOST, line=b"GET /api/v1/accounts?q=" + b"a" * 5_000 + b" HTTP/1.1\r\n"),
    "20 kB of headers": get(HOST + b"X-Note: " + b"a" * 20_000 + b"\r\n"),
    "80 headers": get(HOST + b"".join(b"X-%d: a\r\n" % number for number in range(80))),
}
SMUGGLED: Final = {
    "CL and TE": post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SECOND),
    "TE and CL": post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SECOND),
    "two lengths": post(b"Content-Length: 2\r\nContent-Length: 200\r\n", b"{}" + SECOND),
    "two equal lengths": post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}" + SECOND),
    "a list of lengths": post(b"Content-Length: 2, 2\r\n", b"{}" + SECOND),
    "a signed length": post(b"Content-Length: +2\r\n", b"{}" + SECOND),
    "a negative length": post(b"Content-Length: -2\r\n", b"{}" + SECOND),
    "a length in hex": post(b"Content-Length: 0x2\r\n", b"{}" + SECOND),
    "a length with an underscore": post(b"Content-Length: 1_0\r\n", b"{}" + SECOND),
    "a length of 30 digits": post(b"Content-Length: " + b"9" * 30 + b"\r\n", b"{}"),
    "a length in another script": post("Content-Length: ٢\r\n".encode(), b"{}" + SECOND),
    "TE xchunked": post(b"Transfer-Encoding: xchunked\r\n", b"2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "TE chunked twice": post(b"Transfer-Encoding: chunked, chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "TE chunked, identity": post(b"Transfer-Encoding: chunked, identity\r\n", b"2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "TE gzip, chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "TE with a space before the colon": post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SECOND),
    "a chunk of bad size": post(b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n" + SECOND),
    "a chunk of negative size": post(b"Transfer-Encoding: chunked\r\n", b"-2\r\n{}\r\n0\r\n\r\n" + SECOND),
    "a chunk of endless size": post(b"Transfer-Encoding: chunked\r\n", b"f" * 20 + b"\r\n{}\r\n0\r\n\r\n" + SECOND),
    "a chunk longer than said": post(b"Transfer-Encoding: chunked\r\n", b"1\r\n{}\r\n0\r\n\r\n" + SECOND),
    "a chunk ended by a bare LF": post(b"Transfer-Encoding: chunked\r\n", b"2\n{}\n0\n\n" + SECOND),
}
REFUSED: Final = {**UNREADABLE, **SMUGGLED}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_meant_is_refused_and_the_connection_ends(served: Served, request_: bytes) -> None:
    expect_refused(exchange(served, request_))


HEADERS_OF_PROXIES: Final = (
    "X-Forwarded-Host: zqxjkv.example",
    "X-Forwarded-Proto: zqxjkv",
    "X-Forwarded-Port: 31337",
    "X-Forwarded-Prefix: /zqxjkv",
    "X-Original-URL: /metrics",
    "X-Rewrite-URL: /metrics",
    "X-HTTP-Method-Override: DELETE",
    "X-Method-Override: DELETE",
    "Forwarded: for=127.0.0.1;host=zqxjkv.example;proto=https",
    "X-Host: zqxjkv.example",
    "X-Forwarded-Server: zqxjkv.example",
    "Referer: http://zqxjkv.example/",
    "Connection: upgrade\r\nUpgrade: websocket",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
)


@pytest.mark.parametrize("header", HEADERS_OF_PROXIES)
@pytest.mark.parametrize("target", ["/", "/inbox", "/sign-in", "/api/v1/accounts", "/nothing"])
def test_no_header_of_a_proxy_changes_what_is_answered(served: Served, header: str, target: str) -> None:
    line = f"GET {target} HTTP/1.1\r\n".encode()
    plain, dressed = (
        exchange(served, get(HOST + extra + b"Connection: close\r\n", line=line))
        for extra in (b"", header.encode() + b"\r\n")
    )
    assert dressed.statuses == plain.statuses
    assert MARK.encode() not in dressed.raw
    assert location(dressed) == location(plain)


def location(told: Told) -> bytes | None:
    found = re.search(rb"\r\nlocation: ([^\r]*)", told.raw)
    return None if found is None else found[1]


def test_an_absolute_target_names_us_or_nobody(served: Served) -> None:
    for host, status in ((b"testserver", 200), (b"TESTSERVER", 200), (b"zqxjkv", 400), (b"testserver@zqxjkv", 400)):
        line = b"GET http://" + host + b"/livez HTTP/1.1\r\n"
        assert exchange(served, get(HOST + b"Connection: close\r\n", line=line)).statuses == [status]


def test_a_limit_counts_the_peer_and_not_what_it_says_of_itself(served: Served, town: Town) -> None:
    for number in range(3):
        body = json.dumps({"phone": f"1380000{number:04d}", "device_id": f"device-{number:016d}"}).encode()
        head = f"X-Forwarded-For: 198.51.100.{number}\r\nX-Real-IP: 198.51.100.{number}\r\nConnection: close\r\n"
        told = exchange(served, post(f"{head}Content-Length: {len(body)}\r\n".encode(), body))
        assert told.statuses == [202]
    with town.runtime.db.read() as session:
        counted = session.sql("select distinct key from sign_in_limit where kind = 'address'").all()
    assert len(counted) == 1


HALVES: Final = {
    "nothing": b"",
    "half a line": b"GET /api/v1/acc",
    "half a head": b"GET /api/v1/accounts HTTP/1.1\r\nHost: testserver\r\n",
    "no body": post(b"Content-Length: 100\r\n", b""),
    "half a body": post(b"Content-Length: 100\r\n", b'{"phone": "138'),
    "half a chunk": post(b"Transfer-Encoding: chunked\r\n", b"40\r\n{"),
    "no last chunk": post(b"Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n"),
    "half a form": b"POST /sign-in HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\ncsrf=",
}


def test_whoever_does_not_go_on_is_cut_off_and_nobody_waits_for_them(served: Served) -> None:
    """Every kind at once, twenty times each: the deadline closes all of them, and others are served meanwhile."""
    with ExitStack() as open_ones:
        stuck = []
        for kind, half in HALVES.items():
            for _ in range(20):
                connection = open_ones.enter_context(served.connect())
                connection.sendall(half)
                stuck.append((kind, connection))
        assert served.is_alive()
        for kind, connection in stuck:
            told = Told(read_all(connection))
            assert told.statuses in ([], [408]), (kind, told.raw)
    assert served.is_alive()


def test_dripping_does_not_put_the_deadline_off(served: Served) -> None:
    for start in (b"GET /livez HTTP/1.1\r\nX-Note: ", post(b"Content-Length: 200000\r\n", b"[")):
        with served.connect() as connection:
            connection.sendall(start)
            connection.settimeout(0.05)
            told = b""
            for _ in range(400):
                try:
                    connection.sendall(b"1")
                    piece = connection.recv(4096)
                except TimeoutError:
                    continue
                except OSError:
                    break
                told += piece
                if not piece:
                    break
            else:
                pytest.fail("the connection stayed open")
        assert Told(told).statuses in ([], [408])


HONEST: Final = {
    "byte by byte": post(
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n",
        b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"phone":"x","device_id":"d"}') + b"0\r\n\r\n",
    ),
    "with trailers": post(
        b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n",
        b'1d\r\n{"phone":"x","device_id":"d"}\r\n0\r\nX-Sum: 1\r\n\r\n',
    ),
    "expecting 100": post(
        b"Content-Length: 29\r\nExpect: 100-continue\r\nConnection: close\r\n", b'{"phone":"x","device_id":"d"}'
    ),
    "two after another": post(b"Content-Length: 29\r\n", b'{"phone":"x","device_id":"d"}')
    + get(HOST + b"Connection: close\r\n"),
}


@pytest.mark.parametrize("kind", HONEST)
def test_unusual_and_honest_requests_are_read(served: Served, kind: str) -> None:
    told = [status for status in exchange(served, HONEST[kind]).statuses if status != 100]
    assert told == ([422, 401] if kind == "two after another" else [422])


def test_a_body_that_is_too_large_is_refused_before_it_has_come(served: Served) -> None:
    told = exchange(served, post(b"Content-Length: 300000\r\n", b"["))
    assert told.statuses == [413]
    endless = (
        post(b"Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"1" * 65_536 + b"\r\n")
        + (b"10000\r\n" + b"1" * 65_536 + b"\r\n") * 10
    )
    assert exchange(served, endless).statuses in ([413], [])


def test_no_log_line_can_be_forged(served: Served) -> None:
    forged = '{"level":"info","event":"zqxjkv"}'
    for target, agent in (
        (f"/api/v1/accounts/%0d%0a{forged.replace(chr(34), '%22')}", "plain"),
        ("/nothing/zqxjkv", f"agent\x0b{forged}"),
        ("/sign-in?next=%0A" + forged.replace(chr(34), "%22"), "\u2028zqxjkv"),
    ):
        line = f"GET {target} HTTP/1.1\r\n".encode()
        exchange(served, get(HOST + b"User-Agent: " + agent.encode() + b"\r\nConnection: close\r\n", line=line))
    body = json.dumps({"phone": "\r\n" + forged, "device_id": "zqxjkv-zqxjkv-zqxjkv"}).encode()
    exchange(served, post(f"Content-Length: {len(body)}\r\nConnection: close\r\n".encode(), body))
    lines = served.log.read_text(encoding="utf-8").splitlines()
    assert lines
    for written in lines:
        record = json.loads(written)
        assert {"event", "level", "timestamp"} <= record.keys()
        assert MARK not in written
