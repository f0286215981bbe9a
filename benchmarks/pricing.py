"""The Decimal engine: bills per second of one core, against the bare arithmetic of the same bills.

The bare arithmetic knows one tariff, checks nothing, rounds and adds, and says no lines. CPU time counts, not the
clock. `pricing_sets` measures the set-based path.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from random import Random
from typing import Any, Final

from benchmarks.harness import Bar, Measure, interleave, ratios, report
from services.tariffs.queries import Use, parse, price

BILLS: Final = 2_000
"""Different bills, priced again and again."""

FEN: Final = Decimal("0.01")
LIMITS: Final = (Decimal(260), Decimal(600))
ADDERS: Final = (Decimal("0.05"), Decimal("0.30"))
PRICES: Final = {"peak": Decimal("0.99500875"), "flat": Decimal("0.58886875"), "valley": Decimal("0.22914475")}
WINDOWS: Final = [
    {"period": "valley", "from": "00:00", "to": "08:00"},
    {"period": "peak", "from": "10:00", "to": "12:00"},
    {"period": "peak", "from": "14:00", "to": "19:00"},
]
TIERS: Final = {"cycle": "month", "bounds_per_month": ["260", "600"], "adders": ["0", "0.05", "0.30"]}
ROUNDING: Final = {"mode": "half_up", "stage": "line"}


def document(energy: dict[str, Any]) -> dict[str, Any]:
    """A tariff of three tiers."""
    zone = {"time_zone": "Asia/Shanghai"}
    return {"id": "bench", "currency": "CNY", **zone, "rounding": ROUNDING, "energy": energy, "tiers": TIERS}


def run(*, rounds: int, seconds: int) -> bool:
    """Measure and report; true when no bar failed."""
    random = Random(1)
    parts = [[Decimal(random.randint(0, 400_000)) / 1000 for _ in PRICES] for _ in range(BILLS)]
    tiered = parse(document({"lines": "per_tier", "prices": {"all": "0.5469"}}))
    by_time = parse(
        document(
            {
                "lines": "period_plus_adders",
                "prices": {period: format(rate, "f") for period, rate in PRICES.items()},
                "windows": WINDOWS,
                "default_period": "flat",
            }
        )
    )
    uses_tiered = [Use(month=7, kwh={"all": sum(kwh, Decimal(0))}) for kwh in parts]
    uses_by_time = [Use(month=7, kwh=dict(zip(PRICES, kwh, strict=True))) for kwh in parts]
    if [bare(use) for use in uses_by_time] != [price(by_time, use).total_minor for use in uses_by_time]:
        raise AssertionError("the bare arithmetic and the engine differ")
    results = interleave(
        {
            "bare arithmetic": lambda: _measured(seconds, bare, uses_by_time),
            "three tiers": lambda: _measured(seconds, partial(price, tiered), uses_tiered),
            "times of use + tiers": lambda: _measured(seconds, partial(price, by_time), uses_by_time),
        },
        rounds=rounds,
    )
    return report(
        "pricing",
        results,
        [
            Bar(f"{shape} / bare arithmetic", ratios(results, shape, "bare arithmetic"), goal, limit)
            for shape, goal, limit in (("three tiers", 0.20, 0.10), ("times of use + tiers", 0.15, 0.08))
        ],
    )


def bare(use: Use) -> int:
    """The total of a bill by times of use with three tiers, in fen."""
    total, kwh = Decimal(0), Decimal(0)
    for period, rate in PRICES.items():
        kwh += use.kwh[period]
        total += (use.kwh[period] * rate).quantize(FEN, ROUND_HALF_UP)
    second, third = LIMITS
    total += (max(min(kwh, third) - second, Decimal(0)) * ADDERS[0]).quantize(FEN, ROUND_HALF_UP)
    total += (max(kwh - third, Decimal(0)) * ADDERS[1]).quantize(FEN, ROUND_HALF_UP)
    return int(total * 100)


def _measured(seconds: int, work: Callable[[Use], object], uses: Sequence[Use]) -> Measure:
    until, begun, done = time.perf_counter() + seconds, time.process_time(), 0
    while time.perf_counter() < until:
        deque(map(work, uses), maxlen=0)
        done += len(uses)
    lasted = time.process_time() - begun
    each = lasted / done
    return Measure(per_s=done / lasted, cpu_us=each * 1e6, wal_bytes=0, latency_ms=each * 1e3, operations=done)
