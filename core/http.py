"""Calls to the outside: bounded in time and size, no redirects, no environment proxy, nothing secret in logs."""

import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx
import structlog

log = structlog.get_logger(__name__)

CONNECT_S: Final = 3.0
READ_S: Final = 8.0
TOTAL_S: Final = 12.0
MAX_ANSWER_BYTES: Final = 1_000_000


class Unreachable(Exception):
    """The request certainly did not arrive: nothing has happened over there."""


class Untrusted(Unreachable):
    """Something answered there and could not prove by its certificate that it is who it should be."""


class OutcomeUnknown(Exception):
    """The request may have arrived and no usable answer came back: ask before you repeat."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case) and the raw body, never decoded for the caller."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Deadline(threading.local):
    """When the call that this thread makes must have ended: a call never leaves its thread."""

    at = float("inf")

    def left_s(self, timeout: float | None) -> float:
        """How long one step may wait: as httpx allows, but not past the end of the call."""
        left = self.at - time.monotonic()
        return max(0.001, left if timeout is None else min(timeout, left))


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the call: httpx bounds each read, and a byte a second is many reads."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Makes connections that keep the deadline, to `address` where one is given, whatever host they are asked for."""

    def __init__(self, deadline: _Deadline, address: str | None = None) -> None:
        self._network, self._deadline, self._address = httpcore.SyncBackend(), deadline, address

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(timeout)
        where = self._address or host
        return _Stream(self._network.connect_tcp(where, port, left_s, local_address, socket_options), self._deadline)


def post_pinned(
    url: str, *, address: str, headers: dict[str, str], content: bytes, tls: ssl.SSLContext, total_s: float
) -> Answer:
    """Post to `url` over a new connection to `address`, which the caller has found its host to be.

    The host is looked up no second time; TLS and the Host header name it as ever. Of the answer the body is not read.
    Raises Unreachable or OutcomeUnknown, as `Client.send` does, and Untrusted for a certificate that proves nothing.
    """
    deadline = _Deadline()
    deadline.at = time.monotonic() + total_s
    transport = httpx.HTTPTransport(verify=tls, trust_env=False)
    transport._pool._network_backend = _Network(deadline, address)  # noqa: SLF001 -- as below
    try:
        with (
            httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=total_s) as client,
            client.stream("POST", url, headers=headers, content=content) as response,
        ):
            return Answer(response.status_code, dict(response.headers), b"")
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise (Untrusted if _is_of_tls(error) else Unreachable)(address) from error
    except httpx.HTTPError as error:
        raise OutcomeUnknown(address) from error


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def authorities() -> ssl.SSLContext:
    """Who may vouch for a provider: read once per process, which takes longer than all else that a client needs."""
    return httpx.create_ssl_context(trust_env=False)


class Client:
    """Talks to one provider. Safe to share between threads."""

    def __init__(self, base_url: str, *, name: str, total_s: float = TOTAL_S) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._total_s = total_s
        self._deadline = _Deadline()
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=20)
        transport = httpx.HTTPTransport(verify=authorities(), trust_env=False, limits=limits)
        transport._pool._network_backend = _Network(self._deadline)  # noqa: SLF001 -- httpx has no argument for it
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            transport=transport,
        )

    @property
    def host(self) -> str:
        """Host of the provider, with its port where the address names one."""
        return urlsplit(self._base_url).netloc

    def send(self, method: str, target: str, *, headers: dict[str, str], content: bytes = b"") -> Answer:
        """Send exactly these bytes to path-and-query `target`.

        Raises Unreachable when no connection was made, OutcomeUnknown when the answer is late, cut, or larger than a
        megabyte. An answer with any status is returned: what it means is the adapter's to say.
        """
        started = time.monotonic()
        self._deadline.at = started + self._total_s
        try:
            answer = self._exchange(method, target, headers, content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._log(method, target, started, outcome="unreachable")
            raise Unreachable(self._name) from error
        except httpx.HTTPError as error:
            self._log(method, target, started, outcome="unknown", error=type(error).__name__)
            raise OutcomeUnknown(self._name) from error
        self._log(method, target, started, outcome="answered", status=answer.status)
        return answer

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def _exchange(self, method: str, target: str, headers: dict[str, str], content: bytes) -> Answer:
        with self._client.stream(method, self._base_url + target, headers=headers, content=content) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > self._deadline.at:
                    msg = "the answer is too large or too late"
                    raise httpx.ReadError(msg)
            return Answer(response.status_code, dict(response.headers), bytes(body))

    def _log(self, method: str, target: str, started: float, **more: object) -> None:
        # The query may hold phones and codes: only the path is written.
        log.info(
            "outside_call",
            provider=self._name,
            method=method,
            path=target.partition("?")[0],
            seconds=round(time.monotonic() - started, 3),
            **more,
        )
