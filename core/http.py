"""Calls to the outside: bounded in time and size, no redirects, no environment proxy, nothing secret in logs."""

import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog

log = structlog.get_logger(__name__)

CONNECT_S: Final = 3.0
READ_S: Final = 8.0
TOTAL_S: Final = 12.0
MAX_ANSWER_BYTES: Final = 1_000_000


class Unreachable(Exception):
    """The request certainly did not arrive: nothing has happened over there."""


class OutcomeUnknown(Exception):
    """The request may have arrived and no usable answer came back: ask before you repeat."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case) and the raw body, never decoded for the caller."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Talks to one provider. Safe to share between threads."""

    def __init__(self, base_url: str, *, name: str, total_s: float = TOTAL_S) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._total_s = total_s
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=20),
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
        try:
            answer = self._exchange(method, target, headers, content, started + self._total_s)
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

    def _exchange(self, method: str, target: str, headers: dict[str, str], content: bytes, deadline: float) -> Answer:
        with self._client.stream(method, self._base_url + target, headers=headers, content=content) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                    raise OutcomeUnknown(self._name)
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
