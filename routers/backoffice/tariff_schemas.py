"""What the JSON API says of tariffs to programs of the supplier, and takes from them."""

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.tariffs.queries import TariffClass, TariffView, VersionState, VersionView
from web.models import AnswerModel, Day, Moment, RequestModel, Text
from web.tariff_cases import CaseKind

TariffCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Note = Annotated[Text, StringConstraints(max_length=500)]
ClassName: TypeAlias = Literal["residential", "commercial", "industrial", "agricultural", "any"]
Document: TypeAlias = dict[str, Any]

DOCUMENT_EXAMPLE: JsonDict = {
    "id": "RES-TIER",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.5469"}},
    "tiers": {"cycle": "year", "bounds_per_month": ["210", "400"], "adders": ["0", "0.05", "0.30"]},
}
TARIFF_EXAMPLE: JsonDict = {
    "code": "RES-TIER",
    "name": "居民阶梯电价",
    "class": "residential",
    "currency": "CNY",
    "in_force_no": 2,
    "in_force_from": "2026-07-01",
    "next_no": None,
    "next_from": None,
    "drafts": 1,
}
VERSION_EXAMPLE: JsonDict = {
    "version_no": 3,
    "valid_from": "2027-01-01",
    "valid_to": None,
    "state": "draft",
    "periods": ["all"],
    "note": "Notice 114 of 2026",
    "revision": 1,
    "is_correction": False,
    "changed_at": "2026-11-26T09:00:00+08:00",
    "published_at": None,
}


class NewTariff(RequestModel):
    """A tariff without a version yet; agreements may name its code already."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "RES-TIER", "name": "居民阶梯电价", "class": "residential", "currency": "CNY"}]
        }
    )

    code: TariffCode
    name: Name
    tariff_class: ClassName = Field(alias="class")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class NewVersion(RequestModel):
    """A draft of a version: its document holds from `valid_from` up to, not including, `valid_to`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"valid_from": "2027-01-01", "document": DOCUMENT_EXAMPLE}]}
    )

    valid_from: Day
    valid_to: Day | None = None
    document: Document
    note: Note = ""


class DocumentCheck(RequestModel):
    """A document that is looked at and not kept; `currency` when it is to be a version of a tariff in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document": DOCUMENT_EXAMPLE, "currency": "CNY"}]})

    document: Document
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None


class CaseAsked(RequestModel):
    """A case to be priced by a version, as in files of `wattline tariff price`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "bill", "input": {"month": 1, "kwh": {"all": "321"}}}]}
    )

    kind: CaseKind = "bill"
    input: dict[str, Any]


class OfficeTariff(AnswerModel):
    """A tariff with the version that holds today and the next one; `drafts` counts those that nobody published yet."""

    model_config = ConfigDict(serialize_by_alias=True, json_schema_extra={"examples": [TARIFF_EXAMPLE]})

    code: str
    name: str
    tariff_class: TariffClass = Field(alias="class")
    currency: str
    in_force_no: int | None
    in_force_from: date | None
    next_no: int | None
    next_from: date | None
    drafts: int

    @classmethod
    def of(cls, tariff: TariffView) -> "OfficeTariff":
        """The answer."""
        return cls.model_validate(
            {
                "code": tariff.code,
                "name": tariff.name,
                "class": tariff.tariff_class,
                "currency": tariff.currency,
                "in_force_no": tariff.in_force_no,
                "in_force_from": tariff.in_force_from,
                "next_no": tariff.next_no,
                "next_from": tariff.next_from,
                "drafts": tariff.drafts,
            }
        )


class OfficeTariffPage(AnswerModel):
    """A page of tariffs by code; `next` is the cursor behind it, empty at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [TARIFF_EXAMPLE], "next": ""}]})

    items: list[OfficeTariff]
    next: str


class OfficeVersion(AnswerModel):
    """A version without its document. `revision` changes with every change of a draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [VERSION_EXAMPLE]})

    version_no: int
    valid_from: date
    valid_to: date | None
    state: VersionState
    periods: list[str]
    note: str
    revision: int
    is_correction: bool
    changed_at: Moment
    published_at: Moment | None

    @classmethod
    def of(cls, version: VersionView) -> "OfficeVersion":
        """The answer."""
        return cls(
            version_no=version.version_no,
            valid_from=version.valid_from,
            valid_to=version.valid_to,
            state=version.state,
            periods=list(version.periods),
            note=version.note,
            revision=version.revision,
            is_correction=version.is_correction,
            changed_at=version.changed_at,
            published_at=version.published_at,
        )


class OfficeVersionPage(AnswerModel):
    """A page of a tariff's versions, the newest number first; `next` is the cursor behind it, empty at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [VERSION_EXAMPLE], "next": ""}]})

    items: list[OfficeVersion]
    next: str


class OfficeDocument(AnswerModel):
    """A version with its document, with the very fields and digits with which it was written."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": VERSION_EXAMPLE, "document": DOCUMENT_EXAMPLE}]}
    )

    version: OfficeVersion
    document: Document


class DocumentChecked(AnswerModel):
    """A document without a fault: its price periods, and the places of numbers that have no effect on any amount."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"periods": ["all"], "idle": []}]})

    periods: list[str]
    idle: list[str]


class CasePriced(AnswerModel):
    """What a case comes to, with the fields of its kind: those that `wattline tariff price` prints."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"code": "tier1", "qty": "321", "unit": "kWh", "rate": "0.5469", "amount": "175.55"}],
                    "total_minor": 17555,
                }
            ]
        },
    )
