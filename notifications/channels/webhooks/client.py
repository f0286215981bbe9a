"""The call of a webhook: look up, judge, connect to what was judged, send, read the status and no more."""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from core.http import OutcomeUnknown, Unreachable, Untrusted, post_pinned
from notifications.channels.webhooks.targets import TargetRules, admitted, target_of
from notifications.webhooks.ports import Outcome, TargetRefused, TargetUnresolved, Trouble

log = structlog.get_logger(__name__)

TOTAL_S: Final = 15.0
"""For connecting, sending and the head of the answer; the specification advises 15 to 30 seconds."""

RESOLVE_S: Final = 4.0
MOST_ADDRESSES: Final = 2
"""So many addresses of a host are tried, while none can be connected to."""

Resolver = Callable[[str, int], Sequence[str]]
"""From host and port to addresses; raises OSError for a host that has none."""


class WebhookClient:
    """`notifications.webhooks.ports.WebhookCaller` over the network. Safe to share between threads."""

    def __init__(
        self,
        rules: TargetRules,
        *,
        tls: ssl.SSLContext | None = None,
        resolve: Resolver | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._rules = rules
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve or looked_up
        self._total_s = total_s

    def check_target(self, url: str) -> None:
        """Raise TargetRefused or TargetUnresolved."""
        self._addresses(url)

    def call_endpoint(self, url: str, *, headers: dict[str, str], content: bytes) -> Outcome:
        """Post to the first address of the target that can be connected to."""
        try:
            addresses = self._addresses(url)
        except TargetRefused:
            return Outcome(None, Trouble.REFUSED)
        except TargetUnresolved:
            return Outcome(None, Trouble.UNRESOLVED)
        trouble = Trouble.UNREACHABLE
        for address in addresses[:MOST_ADDRESSES]:
            try:
                answer = post_pinned(
                    url, address=address, headers=headers, content=content, tls=self._tls, total_s=self._total_s
                )
            except Untrusted:
                trouble = Trouble.UNTRUSTED
            except Unreachable:
                trouble = Trouble.UNREACHABLE
            except OutcomeUnknown:
                return Outcome(None, Trouble.NO_ANSWER)
            else:
                return Outcome(answer.status, retry_after_s=_seconds(answer.headers.get("retry-after", "")))
        return Outcome(None, trouble)

    def _addresses(self, url: str) -> list[str]:
        target = target_of(url, self._rules)
        try:
            found = self._resolve(target.host, target.port)
        except OSError as error:
            raise TargetUnresolved from error
        return admitted(target, found, self._rules)


def looked_up(host: str, port: int) -> Sequence[str]:
    """The system's answer, or OSError after RESOLVE_S: the system itself would wait for every server in turn."""
    answer: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            answer.put(error)
        else:
            answer.put([str(each[4][0]) for each in found])

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    try:
        told = answer.get(timeout=RESOLVE_S)
    except queue.Empty as error:
        raise TimeoutError from error
    if isinstance(told, OSError):
        raise told
    return told


def _seconds(text: str) -> int | None:
    """What Retry-After asks for in seconds; its other form, a date, asks for a clock that need not agree with ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("86400") else None
