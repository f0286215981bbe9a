"""Anticipated refusals of tariffs, and the faults that a document or a use may have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import Refusal

REMEDIES: Final = {
    "adders_count": "Give one adder more than there are limits: the first tier has one too.",
    "amount_too_large": "The amount does not fit: look for a use or a price with too many digits.",
    "coverage_gap": "Name a default_period, or let the windows cover this part of the day.",
    "currency_differs": "Use the currency of the tariff that this is a version of.",
    "currency_unknown": "Use a code of ISO 4217 in capitals, such as CNY.",
    "date_order": "Put the days in order, each once, within the month.",
    "decimals_too_many": "Round to at most 8 decimals.",
    "duplicate_code": "Give each line a code of its own.",
    "fact_missing": "State this fact of the account: the tariff asks for it.",
    "file_unreadable": "Use a CSV file with the columns that the format names, plain numbers and at most 2 GiB.",
    "field_missing": "Add this field.",
    "field_unknown": "Remove this field, or correct its name.",
    "fields_exclusive": "Keep one of these fields: they say the same in two ways.",
    "interval_too_long": "Read the meter in intervals no longer than those that have a price.",
    "limits_increments": "Give limits as sums from zero, rising; these look like widths of tiers.",
    "limits_order": "Put the limits in rising order, all above zero.",
    "month_missing": "Let one of the seasons have this month.",
    "month_overlap": "Let each month stand in one season only.",
    "no_energy": "This tariff prices no energy: price its late fee, or add `energy`.",
    "not_a_choice": "Use one of the values that the format names for this field.",
    "not_a_code": "Write it in small letters, digits and _, beginning with a letter, at most 40 of them.",
    "not_a_date": "Write a day as 2026-12-31.",
    "not_a_line": "Write it in one line of characters that are seen: no line breaks, no marks of direction.",
    "not_a_month": "Write each month by its number, from 1 to 12.",
    "not_a_number": 'Write a plain decimal number as text, such as "0.5469": no exponent, sign only for minus.',
    "not_a_time": "Write a time of day on a quarter of an hour, from 00:00 to 24:00.",
    "not_found": "The file is not there, or holds no row of this meter.",
    "nothing_priced": "Add `energy`, or `late_fee` for a tariff of late fees alone.",
    "number_out_of_range": "Use a number within the bounds that the format names for this field.",
    "one_period_a_month": "Price per tier wants one period a month: use `period_plus_adders` for times of day.",
    "period_unknown": "Use a period that has a price.",
    "period_unused": "Let a window or default_period name this period, or remove its price.",
    "places_too_many": "Round to no more places than the currency's minor unit has.",
    "price_failed": "Look at this account's readings and facts: something in them cannot be reckoned with.",
    "ratio_missing": "Give a ratio for each period, also for those at 1.",
    "segment_gap": "Let the segments leave out no power factor from 0.00 to 1.00.",
    "segment_overlap": "Let each power factor lie in one segment only.",
    "slot_price_missing": "Load the prices of these intervals: what was used in them cannot be priced without.",
    "structure_unsupported": "The format cannot say this: price it by another document.",
    "too_long": "Shorten this.",
    "too_many": "Use fewer entries.",
    "window_inverted": "Let a window end after it begins; split one that passes midnight.",
    "wrong_type": "Use the type that the format names for this field.",
    "zone_differs": "Use the supplier's time zone: its days are those of the meters.",
    "zone_missing": "Name the time zone in which the windows are meant.",
    "zone_unknown": "Use a name of the IANA time zone database, such as Asia/Shanghai.",
}
"""Code of a fault -> what whoever wrote the document can do."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: where (a JSON path such as `$.tiers.adders`), a stable code, and what exactly."""

    path: str
    code: str
    detail: str = ""

    @property
    def remedy(self) -> str:
        """What can be done, in English; edges have the words of other languages by `code`."""
        return REMEDIES[self.code]

    def __str__(self) -> str:
        return f"{self.path}: {self.code}{f' ({self.detail})' if self.detail else ''}. {self.remedy}"


class _Faulty(Refusal):
    """A refusal that names every fault that was found."""

    code: ClassVar[str]

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            faults=[{"path": fault.path, "code": fault.code, "detail": fault.detail} for fault in self.faults]
        )

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults))


class TariffInvalid(_Faulty):
    """A document of a tariff breaks the format; `faults` say where and how."""

    code = "tariff_invalid"


class UseInvalid(_Faulty):
    """What was used cannot be priced by this tariff; `faults` say why."""

    code = "use_invalid"


class TariffUnknown(Refusal):
    """There is no tariff with this code."""

    code = "tariff_unknown"


class TariffTaken(Refusal):
    """Another tariff has this code."""

    code = "tariff_taken"


class TariffWrong(Refusal):
    """A field of a tariff (`field`: code, name or currency) is not as it must be."""

    code = "tariff_wrong"


class VersionUnknown(Refusal):
    """The tariff has no version with this number."""

    code = "version_unknown"


class VersionFixed(Refusal):
    """The version's state (`state`) does not allow this: what is proposed, published or withdrawn is not edited."""

    code = "version_fixed"


class VersionChanged(Refusal):
    """Somebody changed the draft meanwhile: look at what it says now, then try again."""

    code = "version_changed"


class VersionDatesWrong(Refusal):
    """A version ends after the day on which it begins, and begins between 1900 and 2199."""

    code = "version_dates_wrong"


class VersionsOverlap(Refusal):
    """A published version (`version_no`) holds on a day of this one and begins later, or has its end already.

    Only a correction that ends on the same day cuts a version that has its end.
    """

    code = "versions_overlap"


class BeginsInPast(Refusal):
    """The version begins before today and is not asked for as a correction."""

    code = "begins_in_past"


class CalendarWrong(Refusal):
    """A field of a holiday or a temperature (`field`: holiday, place or max_c) is not as it must be."""

    code = "calendar_wrong"


class DaysDiffer(Refusal):
    """The day is a holiday under one name and a worked weekend day under another: it can only be one of them."""

    code = "days_differ"


class DayOver(Refusal):
    """The day is over: what it counted as is changed by a file, as what was priced by it is priced anew."""

    code = "day_over"
