"""Values in the reader's language, and the texts of the inbox. Money, days and months are written by Babel."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency

from core.errors import Json
from core.money import Money

_BABEL: Final = {"zh-CN": "zh_Hans_CN"}
_FALLBACK: Final = "en"
NOBODY: Final = "-"
"""The value `person` of a message about somebody who is erased by now."""
_MOMENTS: Final = {"en": "MMM d, yyyy, HH:mm", "zh_Hans_CN": "y年M月d日 HH:mm", "de": "dd.MM.yyyy, HH:mm"}
"""As the portal writes them above the messages; other languages have Babel's own way."""


class Wording:
    """Writes the values of one language and zone."""

    def __init__(self, locale: str, zone: ZoneInfo) -> None:
        self._babel = _BABEL.get(locale, locale.replace("-", "_"))
        self._zone = zone

    def money(self, amount: Money) -> str:
        """An amount with its currency's sign and decimals."""
        return str(format_currency(amount.major, amount.currency, locale=self._babel))

    def day(self, day: date) -> str:
        """A day, long enough to be unmistakable."""
        return format_date(day, format="long", locale=self._babel)

    def month(self, day: date) -> str:
        """The month of a day."""
        return format_skeleton("yMMMM", day, locale=self._babel)

    def moment(self, moment: datetime) -> str:
        """Day and time at the supplier's."""
        pattern = _MOMENTS.get(self._babel, "medium")
        return format_datetime(moment, format=pattern, tzinfo=self._zone, locale=self._babel)

    def value(self, typed: Json) -> str:
        """A stored value as text: what `money_param` and its like made, or a text as it is."""
        match typed:
            case {"money": [int(minor), str(currency)]}:
                return self.money(Money(minor, currency))
            case {"day": str(text)}:
                return self.day(date.fromisoformat(text))
            case {"month": str(text)}:
                return self.month(date.fromisoformat(text))
            case {"moment": str(text)}:
                return self.moment(datetime.fromisoformat(text))
            case _:
                return str(typed)

    def values(self, params: Mapping[str, Json]) -> dict[str, str]:
        """All values of a message as text."""
        return {name: self.value(typed) for name, typed in params.items()}


@cache
def _texts(locale: str) -> dict[str, dict[str, str]]:
    """All texts of one language; those of a language that nobody translated yet are English."""
    folder = files(__package__).joinpath("templates")
    source = folder.joinpath(f"{locale}.toml")
    if not source.is_file():
        source = folder.joinpath(f"{_FALLBACK}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def title_and_text(*, template: str, locale: str, zone: ZoneInfo, params: Mapping[str, Json]) -> tuple[str, str]:
    """An inbox message in one language; of somebody who is erased it says so."""
    words = _texts(locale)[template]
    values = Wording(locale, zone).values(params)
    text = words["text_of_nobody"] if params.get("person") == NOBODY else words["text"]
    return words["title"].format_map(values), text.format_map(values)


def money_param(amount: Money) -> Json:
    """An amount as messages keep it."""
    return {"money": [amount.minor, amount.currency]}


def day_param(day: date) -> Json:
    """A day as messages keep it."""
    return {"day": day.isoformat()}


def month_param(day: date) -> Json:
    """The month of a day as messages keep it."""
    return {"month": day.isoformat()}


def moment_param(moment: datetime) -> Json:
    """A moment as messages keep it."""
    return {"moment": moment.isoformat()}


def masked_account(account_no: str) -> str:
    """An account number as messages show it: telephones are lost and screens are read by others."""
    return f"****{account_no[-4:]}"
