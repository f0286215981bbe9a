"""Faults on order: how a provider lies, stalls and repeats itself. See docs/reference/sandbox.md.

A fault names a place (or a pattern of places, as `wechat_pay.*`) and a kind, and holds `count` times, or with a seeded
`probability`, or until it is removed. Faults are not kept on disk: a provider that is started again is honest.
"""

import fnmatch
import itertools
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CALL_KINDS: Final = frozenset(
    {"error_before", "error_after", "drop_before", "drop_after", "hang_before", "hang_after", "rate_limited"}
)
"""What may happen to a call: `before` has no effect, `after` has."""

SEND_KINDS: Final = CALL_KINDS | {"throttled", "refused", "limits"}
"""A send may also be refused by the business: on order, or by the real limits of messages per number."""

TELL_KINDS: Final = frozenset({"drop", "duplicate", "concurrent", "delay", "out_of_order"})
"""What may happen to whatever the provider tells by itself."""

ANSWER_KINDS: Final = CALL_KINDS | {"errcode"}
"""A platform that always answers 200 may refuse by a code in the body."""

SAY_KINDS: Final = TELL_KINDS | {"wrong_token", "stale", "appid", "altered"}
"""What may happen to a message of a chat."""

NOTIFY_KINDS: Final = TELL_KINDS | {
    "wrong_key", "wrong_serial", "signtest", "stale", "altered",
    "amount", "currency", "mchid", "appid", "unknown_order",
}  # fmt: skip

REFUND_KINDS: Final = CALL_KINDS | {"refused", "abnormal", "closed", "slow"}
"""A refund may be refused by a code, end badly, or take its time."""

PLACES: Final = {
    **{
        f"wechat_pay.{operation}": CALL_KINDS
        for operation in ("native", "h5", "jsapi", "app", "query", "close", "certificates", "tradebill", "billdownload")
    },
    "wechat_pay.notify": NOTIFY_KINDS,
    "wechat_pay.refund": REFUND_KINDS,
    "wechat_pay.refund_query": CALL_KINDS,
    "wechat_pay.refund_notify": TELL_KINDS,
    "aliyun_sms.SendSms": SEND_KINDS,
    "aliyun_sms.SendBatchSms": SEND_KINDS,
    "aliyun_sms.QuerySendDetails": CALL_KINDS,
    "aliyun_sms.phone": frozenset({"undelivered", "late"}),
    "aliyun_sms.receipt": TELL_KINDS,
    **{
        f"wechat.{operation}": ANSWER_KINDS
        for operation in ("jscode2session", "oauth2_access_token", "stable_token", "getuserphonenumber")
    },
    "wechat.message": SAY_KINDS,
}
"""Where something may go wrong, and what."""


Value = int | float | str | None


def _is_number(least: float, most: float) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and bool(value)


_SECONDS: Final = _is_number(0, 3600)
_COPIES: Final = _is_number(1, 100)
VALUES: Final[Mapping[str, Callable[[Value], bool]]] = {
    "error_before": _is_number(500, 599),
    "error_after": _is_number(500, 599),
    "hang_before": _SECONDS,
    "hang_after": _SECONDS,
    "refused": _is_text,
    "errcode": _is_number(-1, 999_999),
    "duplicate": _COPIES,
    "concurrent": _COPIES,
    "delay": _SECONDS,
    "out_of_order": _SECONDS,
    "stale": _is_number(-(10**9), 10**9),
    "amount": lambda _value: True,  # whatever a liar may write
    "currency": _is_text,
    "mchid": _is_text,
    "appid": _is_text,
    "unknown_order": _is_text,
    "undelivered": _is_text,
    "late": _SECONDS,
    "slow": _SECONDS,
}
"""What a kind's value may be; kinds that are not here have none."""


class NoSuchFault(ValueError):
    """No place that the pattern names knows this kind, or the kind does not know this value; says so."""


@dataclass
class Fault:
    """One order for trouble; `value` is the kind's number or text (times, seconds, amount)."""

    id: int
    place: str
    kind: str
    value: Value = None
    count: int | None = None
    probability: float | None = None
    used: int = 0
    chance: random.Random = field(default_factory=random.Random, repr=False)


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(
        self,
        *,
        place: str,
        kind: str,
        value: Value = None,
        count: int | None = None,
        probability: float | None = None,
        seed: int = 0,
    ) -> Fault:
        """Put a fault in force; without `count` and `probability` it holds until it is removed.

        Raises NoSuchFault for a place, kind or value that would never strike.
        """
        if not any(kind in kinds for known, kinds in PLACES.items() if fnmatch.fnmatchcase(known, place)):
            msg = f"no place of {place!r} knows {kind!r}"
            raise NoSuchFault(msg)
        if value is not None and not (kind in VALUES and VALUES[kind](value)):
            msg = f"{kind!r} has no such value: {value!r}"
            raise NoSuchFault(msg)
        with self._lock:
            fault = Fault(next(self._ids), place, kind, value, count, probability, chance=random.Random(seed))
            self._faults.append(fault)
            return fault

    def clear(self) -> None:
        """Be honest again."""
        with self._lock:
            self._faults.clear()

    def in_force(self) -> list[dict[str, Any]]:
        """What was ordered and how often it struck."""
        with self._lock:
            names = ("id", "place", "kind", "value", "count", "probability", "used")
            return [{name: getattr(fault, name) for name in names} for fault in self._faults]

    def strike(self, place: str) -> dict[str, Fault]:
        """The faults that strike now, by kind, each counted."""
        with self._lock:
            return {fault.kind: fault for fault in self._striking(place)}

    def _striking(self, place: str) -> Iterable[Fault]:
        for fault in self._faults:
            if fault.kind not in PLACES[place] or not fnmatch.fnmatchcase(place, fault.place):
                continue
            if fault.count is not None and fault.used >= fault.count:
                continue
            if fault.probability is None or fault.chance.random() < fault.probability:
                fault.used += 1
                yield fault
