"""One worked case, from a file of `wattline tariff price` or a program: what it says, priced, told with all digits."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from core.periods import day_of
from services.tariffs import queries
from services.tariffs.errors import Fault, TariffInvalid, UseInvalid
from services.tariffs.queries import DayUse, Facts, Priced, Slot, Tariff, Use, plain, short

MOST_DAYS: Final = 400
MOST_SLOTS: Final = 100_000
PER_SLOT: Final = "per slot"
ZERO: Final = Decimal(0)
ONLY: Final = "all"
"""The period of a tariff with one price, in every document of the format."""


def _day(value: object) -> date:
    try:
        return day_of(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("not_a_date", "") from None


def _by_period(value: object) -> object:
    return {ONLY: value} if isinstance(value, str) else value


CaseKind: TypeAlias = Literal["bill", "late_fee", "prepaid"]
KINDS: Final[tuple[CaseKind, ...]] = get_args(CaseKind)
Number = Annotated[Decimal, BeforeValidator(queries.decimal_of)]
Day = Annotated[date, BeforeValidator(_day)]
Count = Annotated[int, Field(strict=True)]
Name = Annotated[str, Field(strict=True, max_length=200)]
Kwh = Annotated[dict[Name, Number], Field(max_length=50), BeforeValidator(_by_period)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(_Part):
    """What is so of the account."""

    persons: Count | None = None
    flag: Name | None = None
    flags: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    contract_kw: Number | None = None
    transformer_kva: Number | None = None

    def facts(self) -> Facts:
        """The same for the engine."""
        flags = frozenset(self.flags) if self.flag is None else frozenset({self.flag, *self.flags})
        return Facts(self.persons, flags, self.contract_kw, self.transformer_kva)


class SlotSaid(_Part):
    """Use of one interval with its own price."""

    kwh: Number
    rate_minor: Number


class DaySaid(_Part):
    """What is known of a day."""

    holidays: tuple[Name, ...] = ()
    is_working_weekend: Annotated[bool, Field(strict=True)] = False
    max_c: dict[Name, Number] = Field(default_factory=dict)


class _Month(_Part):
    """What bills and prepaid accounts say alike."""

    month: Count | None = None
    kwh_before_in_cycle: Number = ZERO
    months_in_cycle: Count = 12
    account: Account = Account()

    def whole(self) -> Use:
        """The use, without the kWh."""
        return Use(
            month=self.month,
            kwh_before_in_cycle=self.kwh_before_in_cycle,
            months_in_cycle=self.months_in_cycle,
            facts=self.account.facts(),
        )


class BillSaid(_Month):
    """Input of a bill: totals, slots, or a file of a meter."""

    kwh: Kwh = Field(default_factory=dict)
    days: Count | None = None
    days_in_month: Count | None = None
    max_demand_kw: Number | None = None
    max_demand_by_period: dict[Name, Number] = Field(default_factory=dict)
    kvarh: Number = ZERO
    export_kwh: Number = ZERO
    slots: Annotated[tuple[SlotSaid, ...], Field(max_length=MOST_SLOTS)] = ()
    meter_file: Annotated[str, Field(strict=True, max_length=1000)] | None = None
    meter_id: Name | None = None
    first: Name | None = Field(default=None, alias="from")
    end: Name | None = Field(default=None, alias="to")
    interval_minutes: Literal[5, 10, 15, 20, 30, 60] | None = None
    calendar: Annotated[dict[Day, DaySaid], Field(max_length=MOST_DAYS)] = Field(default_factory=dict)


class LateFeeSaid(_Part):
    """Input of a late fee."""

    arrears: Number
    due_date: Day
    paid_date: Day


class PrepaidSaid(_Month):
    """Input of a prepaid account's days."""

    opening_balance: Number
    alert_thresholds: Annotated[tuple[Number, ...], Field(max_length=20)] = ()
    topups: Annotated[dict[Day, Number], Field(max_length=MOST_DAYS)] = Field(default_factory=dict)
    daily_kwh: Annotated[tuple[tuple[Day, Kwh], ...], Field(max_length=MOST_DAYS)]


@dataclass(slots=True)
class Measured:
    """What a meter measured in a time: kWh by price period, the highest demand of an interval, kvarh both ways."""

    intervals: int = 0
    kwh: dict[str, Decimal] = field(default_factory=dict)
    max_demand_kw: Decimal = ZERO
    max_demand_by_period: dict[str, Decimal] = field(default_factory=dict)
    kvarh: Decimal = ZERO
    export_kwh: Decimal = ZERO


Measure: TypeAlias = Callable[[Tariff, BillSaid], Measured]


def no_files(_tariff: Tariff, _said: BillSaid) -> Measured:
    """Whoever asks from outside names no files of ours."""
    raise UseInvalid([Fault("$.meter_file", "field_unknown")])


def result(case: object, *, at: int, measure: Measure) -> dict[str, Any]:
    """What a case comes to, or its `error`. `at`: its place in the list; `measure` reads a meter file."""
    here = f"$.cases[{at}]"
    if not isinstance(case, dict):
        return {"id": None, "error": _error("case_invalid", [Fault(here, "wrong_type")])}
    named = {"id": case["id"] if type(case.get("id")) in {str, int} else None}
    kind = next((known for known in KINDS if known == case.get("kind")), None)
    if kind is None:
        return {**named, "error": _error("case_invalid", [Fault(f"{here}.kind", "not_a_choice")])}
    try:
        return {**named, **priced(kind, case.get("tariff"), case.get("input"), measure=measure)}
    except TariffInvalid as refusal:
        return {**named, "error": told(refusal, lambda path: f"{here}.tariff{path[1:]}")}
    except UseInvalid as refusal:
        return {**named, "error": told(refusal, lambda path: f"{here}{path[1:]}")}


def priced(kind: CaseKind, document: object, said: object, *, measure: Measure = no_files) -> dict[str, Any]:
    """What an input comes to by a document of a tariff.

    Raises TariffInvalid, and UseInvalid whose paths begin at `$.input`.
    """
    try:
        return _KINDS[kind](document, said, measure)
    except UseInvalid as refusal:
        faults = [Fault(f"$.input{_named(fault.path[1:])}", fault.code, fault.detail) for fault in refusal.faults]
        raise UseInvalid(faults) from None
    except ValidationError as error:
        found = queries.shape_faults(error)
        raise UseInvalid([Fault(f"$.input{fault.path[1:]}", fault.code) for fault in found]) from None


def _named(path: str) -> str:
    """A path of the engine by the names of the format."""
    return path.replace(".facts", ".account").replace(".days[", ".daily_kwh[")


def told(refusal: TariffInvalid | UseInvalid, path: Callable[[str], str]) -> dict[str, Any]:
    """A refusal as JSON. `path`: from the path in the part that was refused to the one in the file."""
    return _error(refusal.code, [Fault(path(fault.path), fault.code, fault.detail) for fault in refusal.faults])


def _error(code: str, faults: list[Fault]) -> dict[str, Any]:
    parts = [
        {"path": fault.path, "code": fault.code, "detail": fault.detail, "remedy": fault.remedy} for fault in faults
    ]
    return {"code": code, "faults": parts}


def _bill(document: object, said: object, measure: Measure) -> dict[str, Any]:
    read = BillSaid.model_validate(said)
    if read.meter_file is None:
        tariff, measured = _tariff(document, read.month), None
    else:
        tariff = queries.parse(document, months=_months(read.month))
        measured = measure(tariff, read)
    bill = queries.price(tariff, _use(read, measured))
    found = {"lines": lines(bill), "total_minor": bill.total_minor}
    more = {} if measured is None else _told_measured(measured)
    more |= {name: short(number) for name, number in bill.measured.items()}
    return {**found, "measured": more} if more else found


def _tariff(document: object, month: int | None) -> Tariff:
    return queries.parse_for_totals(document, months=_months(month))


def _months(month: int | None) -> Collection[int]:
    return () if month is None else {month}


def _use(read: BillSaid, measured: Measured | None) -> Use:
    return Use(
        month=read.month,
        kwh=read.kwh if measured is None else measured.kwh,
        kwh_before_in_cycle=read.kwh_before_in_cycle,
        months_in_cycle=read.months_in_cycle,
        days=read.days,
        days_in_month=read.days_in_month,
        max_demand_kw=read.max_demand_kw if measured is None else measured.max_demand_kw,
        max_demand_by_period=read.max_demand_by_period if measured is None else measured.max_demand_by_period,
        kvarh=read.kvarh if measured is None else measured.kvarh,
        export_kwh=read.export_kwh if measured is None else measured.export_kwh,
        slots=tuple(Slot(slot.kwh, slot.rate_minor) for slot in read.slots),
        facts=read.account.facts(),
    )


def _told_measured(measured: Measured) -> dict[str, Any]:
    return {
        "intervals": measured.intervals,
        "kwh": {period: plain(kwh) for period, kwh in measured.kwh.items()},
        "max_demand_kw": plain(measured.max_demand_kw),
        "kvarh": plain(measured.kvarh),
        "export_kwh": plain(measured.export_kwh),
    }


def lines(bill: Priced) -> list[dict[str, str]]:
    """Lines as the format has them."""
    return [
        {
            "code": line.code,
            "qty": plain(line.quantity),
            "unit": line.unit,
            "rate": PER_SLOT if line.rate is None else plain(line.rate),
            "amount": plain(line.amount),
        }
        for line in bill.lines
    ]


def _late_fee(document: object, said: object, _measure: Measure) -> dict[str, Any]:
    read = LateFeeSaid.model_validate(said)
    fee = queries.late_fee(_tariff(document, None), arrears=read.arrears, due=read.due_date, paid=read.paid_date)
    return {
        "days_by_rate": {plain(rate): days for rate, days in fee.days_by_rate.items()},
        "exact": plain(fee.exact),
        "total_minor": fee.total_minor,
    }


def _prepaid(document: object, said: object, _measure: Measure) -> dict[str, Any]:
    read = PrepaidSaid.model_validate(said)
    run = queries.prepaid(
        _tariff(document, read.month),
        use=read.whole(),
        days=[DayUse(day, kwh) for day, kwh in read.daily_kwh],
        opening=read.opening_balance,
        topups=read.topups,
        thresholds=read.alert_thresholds,
    )
    return {
        "daily": [[str(day), plain(cost), plain(balance)] for day, cost, balance in run.daily],
        "alerts": [[str(day), plain(threshold)] for day, threshold in run.alerts],
        "month_cost_minor": run.month_cost_minor,
        "closing_balance_minor": run.closing_balance_minor,
    }


_KINDS: Final[Mapping[CaseKind, Callable[[object, object, Measure], dict[str, Any]]]] = {
    "bill": _bill,
    "late_fee": _late_fee,
    "prepaid": _prepaid,
}
