"""Base classes and field types of request and answer models."""

import re
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from core.money import BIGINT_MAX, Money
from core.pagination import MAX_LIMIT
from core.texts import is_line, normal_form


def _clean(text: str) -> str:
    if not is_line(text):
        msg = "control characters are not allowed"
        raise ValueError(msg)
    return normal_form(text)


Text = Annotated[str, AfterValidator(_clean)]
"""A line of text: nothing unseen in it, NFC."""

AccountNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,32}$")]
AmountMinor = Annotated[int, Field(ge=1, le=BIGINT_MAX // 1_000_000)]
AppId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{8,32}$")]
"""One of the supplier's applications at WeChat."""

WechatCode = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,512}$")]
"""What a client of WeChat hands to an application, once."""


def plain_digits(value: object) -> object:
    """Refuse what is a number to Python and to nobody else; for numbers in addresses."""
    # Python reads "1_0", "+10" and digits of other scripts as numbers; an address has one way to say ten.
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("not digits")
    return value


Limit = Annotated[int, BeforeValidator(plain_digits), Field(ge=1, le=MAX_LIMIT)]
"""How many entries a page has."""
_MONTH: Final = re.compile(r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])")
_DAY: Final = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")


def _written_day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("not a day like 2026-01-31")
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day of the calendar as `2026-01-31`, of 1900 to 2199."""


def _written_month(value: object) -> object:
    if not isinstance(value, str) or not _MONTH.fullmatch(value):
        raise ValueError("not a month like 2026-01")
    return date.fromisoformat(f"{value}-01")


Month = Annotated[date, BeforeValidator(_written_month), WithJsonSchema({"type": "string", "pattern": _MONTH.pattern})]
"""The first day of a month, written as `2026-01`, of 1900 to 2199."""

Moment = Annotated[datetime, Field(description="RFC 3339 with offset")]


class RequestModel(BaseModel):
    """What a caller sends: exact types, no unknown names."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AnswerModel(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(extra="forbid")


class Amount(AnswerModel):
    """An amount in minor units (fen for CNY) with its ISO 4217 currency."""

    amount_minor: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "Amount":
        """The amount of a Money."""
        return cls(amount_minor=money.minor, currency=money.currency)
