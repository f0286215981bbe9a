"""What readings say, as values: times with and without an offset, numbers, qualities. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Final

from core.config_readings import ReadingSettings
from core.records import Unreadable
from services.metering.measures import Channel, Doubt, Quality, Register

_KNOWN: Final = 1 << 14
"""So many texts are not read anew: the meters of a file share their times, and most of them count in whole Wh."""
_DECIMALS: Final = 6
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(?:\.([0-9]{1,6})0*)?")
_TOO_LONG: Final = re.compile(r"-?0*[1-9][0-9]{12,}(?:\.[0-9]*)?")
_TIME_AT: Final = 10
"""Where a time's date ends."""
_OFFSETS: Final = timedelta(hours=14)
"""No place is further from UTC; the database knows no time that is 16 hours away."""
_YEARS: Final = range(1970, 2101)
_QUALITIES: Final = {
    **{each.value: each for each in Quality},
    **{each.name.lower(): each for each in Quality},
}
REGISTERS: Final = {each.value: each for each in Register}
_MULTIPLIER: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
CHANNELS: Final = {each.value: each for each in Channel}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is believed of an interval without asking: average power up to `most_kw`, in a home up to `most_home_kw`.

    Days older than `oldest_days` are not taken.
    """

    most_kw: int
    most_home_kw: int
    oldest_days: int


def limits_of(settings: ReadingSettings) -> Limits:
    """What a deployment believes."""
    return Limits(settings.readings_most_kw, settings.readings_most_home_kw, settings.readings_oldest_days)


def moment(text: str | None, *, labels: tzinfo | None, field: str = "start") -> datetime:
    """A time with its offset; one without an offset is of `labels`. Raises Unreadable.

    Of the hour that a clock shows twice nobody can say which one is meant; the hour that it leaves out is none.
    """
    if text is None:
        raise Unreadable(field, "is missing")
    return _moment(text, labels, field)


@lru_cache(maxsize=_KNOWN)
def _moment(text: str, labels: tzinfo | None, field: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) <= _TIME_AT or text[_TIME_AT] not in " T" or found.year not in _YEARS:
        raise Unreadable(field, "is not a time like 2026-01-31T00:15+08:00")
    if (offset := found.utcoffset()) is not None:
        if abs(offset) > _OFFSETS:
            raise Unreadable(field, "is not a time like 2026-01-31T00:15+08:00")
        return found
    if labels is None:
        raise Unreadable(field, "has no offset, and nobody said of which zone it is")
    return _placed(found, labels, field)


def _placed(found: datetime, labels: tzinfo, field: str) -> datetime:
    placed = found.replace(tzinfo=labels)
    offset, later = placed.utcoffset(), placed.replace(fold=1).utcoffset()
    if offset == later or offset is None or later is None:
        return placed
    if offset < later:
        raise Unreadable(field, "does not exist: the clock goes forward over it")
    raise Unreadable(field, "is shown twice by the clock on this day: it needs an offset")


def energy(text: str, *, field: str) -> int:
    """Millionths of a kWh or kvarh. Raises Unreadable."""
    return _energy(text, field)


@lru_cache(maxsize=_KNOWN)
def _energy(text: str, field: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        if _TOO_LONG.fullmatch(text):
            raise Unreadable(field, "is more than a meter can count")
        raise Unreadable(field, "is not a number with at most 12 digits and 6 decimals")
    whole, _, decimals = text.partition(".")
    return int(whole + decimals[:_DECIMALS].ljust(_DECIMALS, "0"))


def quality(text: str | None) -> Quality:
    """By letter or word; actual where nothing is said. Raises Unreadable."""
    if text is None:
        return Quality.ACTUAL
    if (found := _QUALITIES.get(text.lower())) is None:
        raise Unreadable("quality", "is none of actual, estimated, substituted, missing")
    return found


def minutes(text: str | None) -> int:
    """The length of an interval. Raises Unreadable."""
    if text is None or text not in {"15", "30", "60"}:
        raise Unreadable("minutes", "is none of 15, 30, 60")
    return int(text)


def channel(text: str | None) -> Channel:
    """What is measured; what is taken where nothing is said. Raises Unreadable."""
    if text is None:
        return Channel.IMPORT
    if (found := CHANNELS.get(text)) is None:
        raise Unreadable("channel", f"is none of {', '.join(CHANNELS)}")
    return found


def register(text: str | None) -> Register:
    """Which register; the total where nothing is said. Raises Unreadable."""
    if text is None:
        return Register.TOTAL
    if (found := REGISTERS.get(text)) is None:
        raise Unreadable("register", f"is none of {', '.join(REGISTERS)}")
    return found


def day(text: str) -> date | None:
    """A date as it is written here; None for what is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def digits(text: str | None) -> int | None:
    """How many whole digits a register has. Raises Unreadable."""
    if text is None:
        return None
    if text not in {str(number) for number in range(3, 13)}:
        raise Unreadable("digits", "is not a whole number from 3 to 12")
    return int(text)


def multiplier(text: str | None) -> Decimal | None:
    """By what a register's step is to be multiplied. Raises Unreadable."""
    if text is None:
        return None
    if not _MULTIPLIER.fullmatch(text) or not Decimal(text):
        raise Unreadable("multiplier", "is not a number above zero with at most 6 digits and 6 decimals")
    return Decimal(text)


def is_acceptable(*, reason: str, energy: int | None) -> bool:
    """Whether staff may believe a reading that waits: none below zero, no register that runs backwards.

    Nor what was measured at no account: nobody could be told whose it is.
    """
    return energy is not None and energy >= 0 and reason not in {Doubt.INVERTED, Doubt.STRAYED}
