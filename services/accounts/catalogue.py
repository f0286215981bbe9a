"""The catalogue of customer data: each field with its class, its level, where it comes from and who may change it.

Level 1 prices, bills or protects: it is complete and locked. Level 2 is expected and collected unit by unit. Level 3 is
optional, told for a purpose, and its owner's to take back. A field with a `bit` is looked for in every account, by the
SQL function `account_gaps`, which numbers it the same; one without cannot be missing (a constraint of the database says
so) or need not be there.
"""

import enum
from dataclasses import dataclass
from typing import Final


class FieldClass(enum.StrEnum):
    """What a field tells about."""

    BASIC = "basic"
    EQUIPMENT = "equipment"
    BEHAVIOUR = "behaviour"
    VALUE = "value"


class Level(enum.IntEnum):
    """How much depends on it."""

    LOCKED = 1
    EXPECTED = 2
    OPTIONAL = 3


class Source(enum.StrEnum):
    """Where it comes from, and so who changes it: nobody else does."""

    BACK_OFFICE = "back_office"
    """Files and pushes of the supplier's own systems."""

    TOLD = "told"
    """The owner of the account, or staff who asked them."""

    DERIVED = "derived"
    """Known from what happens; never typed in."""


@dataclass(frozen=True, slots=True)
class DataField:
    """One field. `bound_to` is the column that holds it, or the rule that derives it."""

    code: str
    of: FieldClass
    level: Level
    source: Source
    bound_to: str
    required_when: str
    bit: int = 0
    max_age_days: int | None = None


_B, _E, _H, _V = FieldClass.BASIC, FieldClass.EQUIPMENT, FieldClass.BEHAVIOUR, FieldClass.VALUE
_1, _2, _3 = Level.LOCKED, Level.EXPECTED, Level.OPTIONAL
_FILE, _TOLD, _DERIVED = Source.BACK_OFFICE, Source.TOLD, Source.DERIVED
TOLD_DAYS: Final = 730
BILL_DAYS: Final = 100

CATALOGUE: Final = (
    DataField("name", _B, _1, _FILE, "customer.name", "always", 1 << 0),
    DataField("address", _B, _1, _FILE, "premises.district, street, building, door", "always", 1 << 1),
    DataField("kind", _B, _1, _FILE, "customer.kind", "always; not null"),
    DataField("use_class", _B, _1, _FILE, "account.class", "always; not null"),
    DataField("meter", _E, _1, _FILE, "meter.meter_no", "always", 1 << 2),
    DataField("tariff", _V, _1, _FILE, "agreement.tariff_code of today", "always", 1 << 3),
    DataField("payment_mode", _V, _1, _FILE, "agreement.is_prepaid", "with a tariff; not null"),
    DataField("phone", _B, _2, _FILE, "contact_point 1", "always", 1 << 8),
    DataField("email", _B, _2, _TOLD, "contact_point 2", "always", 1 << 9),
    DataField("contact_by", _B, _2, _TOLD, "account_profile.contact_by", "always", 1 << 10, TOLD_DAYS),
    DataField("ev_charger", _E, _2, _TOLD, "account_profile.has_ev_charger", "always", 1 << 11, TOLD_DAYS),
    DataField("heat_pump", _E, _2, _TOLD, "account_profile.has_heat_pump", "residential", 1 << 12, TOLD_DAYS),
    DataField("solar", _E, _2, _TOLD, "account_profile.has_solar", "always", 1 << 13, TOLD_DAYS),
    DataField("storage", _E, _2, _TOLD, "account_profile.has_storage", "always", 1 << 14, TOLD_DAYS),
    DataField("generator", _E, _2, _TOLD, "account_profile.has_generator", "not residential", 1 << 15, TOLD_DAYS),
    DataField("latest_bill", _H, _2, _DERIVED, "account.last_bill_issued", "active", 1 << 16, BILL_DAYS),
    DataField("confirmation", _H, _2, _TOLD, "account_profile.confirmed_at", "once told", 1 << 17, TOLD_DAYS),
    DataField("household_size", _B, _3, _TOLD, "account_profile.household_size", "never"),
)

BY_CODE: Final = {each.code: each for each in CATALOGUE}
TIMELY: Final = BY_CODE["latest_bill"].bit | BY_CODE["confirmation"].bit
"""Bits of what is missing because it is too old."""


def mask(*, of: FieldClass | None = None, level: Level | None = None, code: str | None = None) -> int:
    """The bits of the fields that are asked for; all of them without a wish."""
    return sum(
        each.bit
        for each in CATALOGUE
        if (of is None or each.of is of)
        and (level is None or each.level is level)
        and (code is None or each.code == code)
    )


def missing(gaps: int) -> list[DataField]:
    """The fields whose bits are set, in the order of the catalogue."""
    return [each for each in CATALOGUE if each.bit & gaps]
