"""Bars of a chart that the server draws: where each part stands, how the axis is marked, which labels fit a telephone.

Widths and places are hundredths of the chart's width and heights are pixels, so that one drawing fits every screen and
its texts keep their size. A chart has at most `MOST` bars: 24 hours (25 when clocks go back), 31 days, 12 months.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

MOST: Final = 60
HEIGHT: Final = 200
"""Pixels between the highest and the lowest value."""

_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_MARKS: Final = 4
"""About how many lines the axis has."""
_SLENDER, _BROAD = Decimal("0.76"), Decimal("0.6")
"""A bar's share of its place: more of it where places are narrow."""
_FEW: Final = 12
_NARROW_LABELS, _WIDE_LABELS = 8, 16
"""How many labels a telephone and a desktop have room for."""
_LOOKS: Final = {"total": 0, "sharp": 1, "peak": 2, "flat": 3, "valley": 4, "deep_valley": 5}
_OTHER_LOOKS: Final = (6, 1, 2, 4, 5, 3)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Column:
    """What one bar stands for. `values` go upwards by the order of the chart's series, `out` goes downwards.

    `missing` is the share of its time for which nothing was measured; `was` is what it is compared with.
    """

    label: str
    values: tuple[Decimal, ...]
    out: Decimal = _ZERO
    missing: Decimal = _ZERO
    is_estimated: bool = False
    was: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """What it comes to upwards."""
        return sum(self.values, _ZERO)


@dataclass(frozen=True)
class Part:
    """One rectangle of a bar: the series that it belongs to (None for what goes out)."""

    series: int | None
    y: Decimal
    height: Decimal


@dataclass(frozen=True)
class Bar:
    """A bar with its place; `was_y` is where a line marks what it is compared with."""

    place: int
    x: Decimal
    width: Decimal
    slot_x: Decimal
    slot_width: Decimal
    middle: Decimal
    parts: tuple[Part, ...]
    is_gap: bool
    is_estimated: bool
    was_y: Decimal | None
    top: Decimal
    label: str
    on_narrow: bool
    on_wide: bool


@dataclass(frozen=True)
class Mark:
    """A line of the axis."""

    y: Decimal
    value: Decimal


@dataclass(frozen=True)
class Chart:
    """All there is to draw. `zero` is the height at which bars begin."""

    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    zero: Decimal
    height: int
    series: tuple[int, ...]
    has_out: bool
    has_gaps: bool
    has_estimates: bool
    has_was: bool


def look(code: str, place: int) -> int:
    """How a price period is drawn: by its meaning where it has one, so that peak looks alike at every supplier."""
    return _LOOKS.get(code, _OTHER_LOOKS[place % len(_OTHER_LOOKS)])


def drawn(columns: Sequence[Column]) -> Chart:
    """Place the bars of these columns; raises ValueError for more of them than can be told apart."""
    if len(columns) > MOST:
        msg = f"a chart has at most {MOST} bars, not {len(columns)}"
        raise ValueError(msg)
    highest = max((max(each.total, each.was or _ZERO) for each in columns), default=_ZERO)
    lowest = -max((each.out for each in columns), default=_ZERO)
    step = _step((highest - lowest) / _MARKS)
    top = (highest / step).to_integral_value(ROUND_CEILING) * step or step
    bottom = (lowest / step).to_integral_value(ROUND_FLOOR) * step
    scale = HEIGHT / (top - bottom)

    def y_of(value: Decimal) -> Decimal:
        return _tenths((top - value) * scale)

    count = int((top - bottom) / step)
    marks = [Mark(y_of(bottom + step * each), (bottom + step * each).normalize() + 0) for each in range(count + 1)]
    return Chart(
        tuple(_bar(each, place, len(columns), y_of) for place, each in enumerate(columns)),
        tuple(marks),
        y_of(_ZERO),
        HEIGHT,
        tuple(sorted({place for each in columns for place, value in enumerate(each.values) if value})),
        has_out=any(each.out for each in columns),
        has_gaps=any(each.missing for each in columns),
        has_estimates=any(each.is_estimated for each in columns),
        has_was=any(each.was is not None for each in columns),
    )


def _bar(column: Column, place: int, count: int, y_of: Callable[[Decimal], Decimal]) -> Bar:
    slot = Decimal(100) / count
    width = slot * (_BROAD if count <= _FEW else _SLENDER)
    parts, below = [], _ZERO
    for series, value in enumerate(column.values):
        if value > 0:
            foot, below = y_of(below), below + value
            parts.append(Part(series, y_of(below), foot - y_of(below)))
    if column.out > 0:
        parts.append(Part(None, y_of(_ZERO), y_of(-column.out) - y_of(_ZERO)))
    return Bar(
        place,
        _hundredths(slot * place + (slot - width) / 2),
        _hundredths(width),
        _hundredths(slot * place),
        _hundredths(slot),
        _hundredths(slot * place + slot / 2),
        tuple(parts),
        column.missing > 0,
        column.is_estimated,
        None if column.was is None else y_of(column.was),
        y_of(below),
        column.label,
        on_narrow=_is_labelled(place, count, _NARROW_LABELS),
        on_wide=_is_labelled(place, count, _WIDE_LABELS),
    )


def _is_labelled(place: int, count: int, most: int) -> bool:
    every = next(each for each in (1, 2, 3, 4, 6, 12, MOST) if count <= each * most)
    return place % every == 0


def _step(least: Decimal) -> Decimal:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    if least <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(least.adjusted())
    return next(each * power for each in _STEPS if each * power >= least)


def _tenths(pixels: Decimal) -> Decimal:
    return pixels.quantize(Decimal("0.1"))


def _hundredths(share: Decimal) -> Decimal:
    return share.quantize(Decimal("0.001"))
