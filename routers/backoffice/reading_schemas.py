"""What the JSON API says to programs of readings that wait, are missing or look odd."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.metering.queries import Finding, FindingKind, HeldReading, MeterGaps, kwh_of
from web.models import AnswerModel, Moment, RequestModel, Text

Reason: TypeAlias = Literal["negative", "implausible", "inverted", "contradicted", "decided", "first", "strayed"]
Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]

HELD_EXAMPLE: Final[JsonDict] = {
    "account_no": "3201000001",
    "id": "019ac1f2-6f0e-7f8e-9a43-5d0f6f1f7c11",
    "unit_code": "JD0101",
    "meter_no": "M0012233",
    "kind": "interval",
    "channel": "import",
    "starts_at": "2026-11-25T03:15:00Z",
    "minutes": 15,
    "value": "77.5",
    "reason": "implausible",
    "source": "file",
    "recorded_at": "2026-11-26T01:02:03Z",
}
MISSING_EXAMPLE: Final[JsonDict] = {
    "account_no": "3201000001",
    "unit_code": "JD0101",
    "meter_no": "M0012233",
    "read_until": "2026-11-24T16:00:00Z",
    "days_missing": 2,
    "intervals_missing": 3,
    "intervals_estimated": 0,
    "intervals_known": 3069,
    "gap_days": ["2026-11-19", "2026-11-21", "2026-11-22"],
}
ODD_EXAMPLE: Final[JsonDict] = {
    "account_no": "3201000001",
    "id": "019ac1f2-6f0e-7f8e-9a43-5d0f6f1f7c12",
    "unit_code": "JD0101",
    "meter_no": "M0012233",
    "kind": "spike",
    "channel": "import",
    "first_day": "2026-11-24",
    "last_day": "2026-11-24",
    "found": "9.6",
    "expected": "1.25",
    "found_at": "2026-11-26T01:02:03Z",
}


class OfficeHeldReading(AnswerModel):
    """A reading that nobody believed and that waits. `value` is the kWh (kvarh) of an interval, or a register's.

    `channel` is that of an interval, or the register. `strayed` was measured while the meter was at no account; the
    other reasons are those of files, and `first` is what a customer told first of a register.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [HELD_EXAMPLE]})

    account_no: str
    id: UUID
    unit_code: str
    meter_no: str
    kind: Literal["interval", "register"]
    channel: str
    starts_at: Moment
    minutes: int | None
    value: Exact | None
    reason: Reason
    source: Literal["file", "program", "customer", "staff"]
    recorded_at: Moment

    @classmethod
    def of(cls, held: HeldReading) -> "OfficeHeldReading":
        """The answer."""
        return cls.model_validate(
            {
                "account_no": held.account_no,
                "id": held.id,
                "unit_code": held.unit_code,
                "meter_no": held.meter_no,
                "kind": held.kind,
                "channel": held.channel,
                "starts_at": held.start_at,
                "minutes": held.minutes,
                "value": None if held.energy is None else kwh_of(held.energy),
                "reason": held.reason,
                "source": held.source,
                "recorded_at": held.recorded_at,
            }
        )


class OfficeHeldPage(AnswerModel):
    """A page of readings that wait, by unit and account; `next` is the cursor behind it, empty at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HELD_EXAMPLE], "next": ""}]})

    items: list[OfficeHeldReading]
    next: str


class DecideReading(RequestModel):
    """What becomes of a reading, and why: it is accepted as actual, discarded, or an estimate takes its place."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "discard", "note": "The meter was turned while it was tested."}]}
    )

    decision: Literal["accept", "discard", "estimate"]
    note: Annotated[Text, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class DecidedReading(AnswerModel):
    """A reading that was decided about."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_no": "3201000001",
                    "id": "019ac1f2-6f0e-7f8e-9a43-5d0f6f1f7c11",
                    "state": "discarded",
                    "decided_at": "2026-11-26T09:31:07Z",
                }
            ]
        }
    )

    account_no: str
    id: UUID
    state: Literal["accepted", "discarded", "estimated"]
    decided_at: Moment


class OfficeMissing(AnswerModel):
    """A meter of which intervals of the last 35 days, up to yesterday, are missing or were estimated.

    `days_missing` have no reading at all, `intervals_missing` are single ones besides; `intervals_estimated` of
    `intervals_known` were estimated. `gap_days` are the days of which anything is missing.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [MISSING_EXAMPLE]})

    account_no: str
    unit_code: str
    meter_no: str
    read_until: Moment | None
    days_missing: int
    intervals_missing: int
    intervals_estimated: int
    intervals_known: int
    gap_days: list[date]

    @classmethod
    def of(cls, gaps: MeterGaps) -> "OfficeMissing":
        """The answer."""
        return cls(
            account_no=gaps.account_no,
            unit_code=gaps.unit_code,
            meter_no=gaps.meter_no,
            read_until=gaps.read_until,
            days_missing=gaps.days_missing,
            intervals_missing=gaps.elements_missing,
            intervals_estimated=gaps.elements_estimated,
            intervals_known=gaps.elements_known,
            gap_days=list(gaps.gap_days or ()),
        )


class OfficeMissingPage(AnswerModel):
    """A page of meters, by unit and account; `next` is the cursor behind it, empty at the end.

    Few meters are looked at for one page, most of which miss nothing: it may be short or empty while there is a `next`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [MISSING_EXAMPLE], "next": ""}]})

    items: list[OfficeMissing]
    next: str


class OfficeOdd(AnswerModel):
    """What is odd about a meter's readings from `first_day` to `last_day`, both included: `found` beside `expected`.

    `spike`: the highest interval, and that of the days before. `zeros`: days of nothing, and what a day came to before.
    `sums`: what the intervals come to, and what the register counted. All in kWh (kvarh).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ODD_EXAMPLE]})

    account_no: str
    id: UUID
    unit_code: str
    meter_no: str
    kind: FindingKind
    channel: str
    first_day: date
    last_day: date
    found: Exact
    expected: Exact
    found_at: Moment

    @classmethod
    def of(cls, finding: Finding) -> "OfficeOdd":
        """The answer."""
        return cls(
            account_no=finding.account_no,
            id=finding.id,
            unit_code=finding.unit_code,
            meter_no=finding.meter_no,
            kind=FindingKind(finding.kind),
            channel=finding.channel,
            first_day=finding.first_day,
            last_day=finding.last_day,
            found=kwh_of(finding.found),
            expected=kwh_of(finding.expected),
            found_at=finding.found_at,
        )


class OfficeOddPage(AnswerModel):
    """A page of what rules found odd, by unit and account; `next` is the cursor behind it, empty at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [ODD_EXAMPLE], "next": ""}]})

    items: list[OfficeOdd]
    next: str
