"""Prometheus metrics of the HTTP edges.

Labels are routes, never addresses: a label must not hold what a caller sent.
"""

import math
import os
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from starlette.types import Scope

QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds by machines: counted, not logged."""

_SECONDS: Final = Histogram(
    "wattline_request_seconds",
    "Time to the end of the answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_ANSWERS: Final = Counter("wattline_requests_total", "Answers by status", ["method", "route", "status"])
SECURITY: Final = Counter("wattline_security_events_total", "Refused attempts by kind", ["kind"])
TELLING: Final = frozenset(
    {
        *("link_refused", "link_limited", "quote_refused", "quotes_limited", "reveal_limited"),
        *("search_limited", "pushes_limited"),
        *("sign_in_limited", "codes_exhausted", "code_burnt", "refresh_refused", "client_wrong", "clients_limited"),
    }
)
"""Refusals of which many together tell that somebody tries people, numbers or secrets one after the other."""

CHATS: Final = Counter("wattline_wechat_messages_total", "Messages and events of WeChat by kind", ["kind"])
BUSY: Final = Counter("wattline_busy_total", "Requests refused after waiting for a place", ["bulkhead"])
OLDEST: Final = Gauge(
    "wattline_oldest_pending_seconds", "Age of the oldest undone row", ["queue"], multiprocess_mode="mostrecent"
)
PENDING: Final = Gauge(
    "wattline_pending", "Rows that wait; large numbers are cut", ["queue"], multiprocess_mode="mostrecent"
)
BROKEN: Final = Gauge(
    "wattline_broken_invariants", "Breaches found by the check of the books", ["check"], multiprocess_mode="mostrecent"
)
CHECKED: Final = Gauge(
    "wattline_checked_age_seconds", "Age of the last whole round", ["check"], multiprocess_mode="mostrecent"
)
SUSPENSE: Final = Gauge(
    "wattline_open_suspense",
    "Sums of money that wait for a person's decision; large numbers are cut",
    multiprocess_mode="mostrecent",
)
OLDEST_SUSPENSE: Final = Gauge(
    "wattline_oldest_suspense_seconds", "Age of the oldest sum in suspense", multiprocess_mode="mostrecent"
)
STOPPED_WEBHOOKS: Final = Gauge(
    "wattline_stopped_webhooks",
    "Endpoints that are sent nothing any more because they did not answer, or said that they are gone",
    multiprocess_mode="mostrecent",
)
REFUNDS: Final = Gauge(
    "wattline_open_refunds",
    "Refunds that have no end yet, by whether people must see to them; large numbers are cut",
    ["state"],
    multiprocess_mode="mostrecent",
)
OLDEST_REFUND: Final = Gauge(
    "wattline_oldest_refund_seconds", "Age of the oldest refund without an end", multiprocess_mode="mostrecent"
)
DATABASE_UP: Final = Gauge(
    "wattline_database_up", "1 when the database answered this request", multiprocess_mode="mostrecent"
)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_of(scope: Scope) -> str:
    """The path template that matched, or `(none)`."""
    route = scope.get("route")
    return str(getattr(route, "path", "(none)"))


def observe(scope: Scope, status: int, seconds: float) -> None:
    """Count one answered request."""
    method = scope["method"] if scope["method"] in METHODS else "(other)"
    route = route_of(scope)
    _SECONDS.labels(method, route).observe(seconds)
    _ANSWERS.labels(method, route, str(status)).inc()


def refused(code: str) -> None:
    """Count a refusal that is told, when it is one of those that tell of somebody who tries."""
    if code in TELLING:
        SECURITY.labels(code).inc()


def tell(found: Mapping[str, Any]) -> None:
    """Show what `reads/queues.sql` answered."""
    DATABASE_UP.set(1)
    for name, queue in found["queues"].items():
        PENDING.labels(name).set(queue["pending"] or 0)
        OLDEST.labels(name).set(queue["oldest_s"] or 0)
    SUSPENSE.set(found["suspense"]["open"])
    OLDEST_SUSPENSE.set(found["suspense"]["oldest_s"])
    STOPPED_WEBHOOKS.set(found["stopped_webhooks"])
    refunds = found["refunds"]
    REFUNDS.labels("abnormal").set(refunds["abnormal"])
    REFUNDS.labels("contested").set(refunds["contested"])
    REFUNDS.labels("waiting").set(refunds["open"] - refunds["abnormal"] - refunds["contested"])
    OLDEST_REFUND.set(refunds["oldest_s"])
    for name, check in found["checks"].items():
        BROKEN.labels(name).set(check["violations"] or 0)
        CHECKED.labels(name).set(math.inf if check["age_s"] is None else check["age_s"])


def render() -> bytes:
    """The text exposition of all processes when they share a folder, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library leaves it untyped
        return generate_latest(registry)
    return generate_latest()
