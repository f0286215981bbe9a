"""Faults on order: how a provider lies, stalls and repeats itself.

A fault names a place (`wechat_pay.native`, `wechat_pay.query`, `wechat_pay.close`, `wechat_pay.notify`,
`aliyun_sms.SendSms`, `aliyun_sms.QuerySendDetails`, `aliyun_sms.receipt`; a trailing `*` matches more) and a kind,
and holds `count` times or with a seeded `probability`.
"""

import fnmatch
import itertools
import random
import threading
from dataclasses import dataclass, field
from typing import Any, Final

CALL_KINDS: Final = (
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
    "hang_before",
    "hang_after",
    "rate_limited",
)
NOTIFY_KINDS: Final = (
    "drop", "duplicate", "concurrent", "delay", "wrong_key", "wrong_serial",
    "signtest", "stale", "altered", "amount", "mchid", "currency", "unknown_order",
)  # fmt: skip


@dataclass
class Fault:
    """One order for trouble; `value` is the kind's number or text (times, seconds, amount)."""

    id: int
    place: str
    kind: str
    value: Any = None
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
        value: Any = None,
        count: int | None = None,
        probability: float | None = None,
        seed: int = 0,
    ) -> Fault:
        """Put a fault in force; without `count` and `probability` it holds until it is removed."""
        with self._lock:
            fault = Fault(next(self._ids), place, kind, value, count, probability, chance=random.Random(seed))
            self._faults.append(fault)
            return fault

    def clear(self) -> None:
        """Be honest again."""
        with self._lock:
            self._faults.clear()

    def in_force(self) -> list[dict[str, Any]]:
        """What is in force and how often it struck."""
        with self._lock:
            names = ("id", "place", "kind", "value", "count", "probability", "used")
            return [{name: getattr(fault, name) for name in names} for fault in self._faults]

    def strike(self, place: str) -> list[Fault]:
        """The faults that strike this call, each counted."""
        with self._lock:
            struck = []
            for fault in self._faults:
                if not fnmatch.fnmatch(place, fault.place) or (fault.count is not None and fault.used >= fault.count):
                    continue
                if fault.probability is None or fault.chance.random() < fault.probability:
                    fault.used += 1
                    struck.append(fault)
            return struck
