"""What a program asks of a version that is tried on real accounts, and what it is told."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from core.money import Money
from routers.backoffice.tariff_schemas import DOCUMENT_EXAMPLE, Document
from services.usage.queries import ClassTotal, DryRun, TriedRun, Unpriced
from web.models import Amount, AnswerModel, RequestModel

TOTAL_EXAMPLE: JsonDict = {
    "accounts": 2,
    "up": 1,
    "down": 0,
    "equal": 1,
    "before": {"amount_minor": 31520, "currency": "CNY"},
    "after": {"amount_minor": 31730, "currency": "CNY"},
}
DRY_RUN_EXAMPLE: JsonDict = {
    "month": "2026-10",
    "accounts": 3,
    "is_all": True,
    "total": TOTAL_EXAMPLE,
    "by_class": [{"class": "residential", **TOTAL_EXAMPLE}],
    "largest": [
        {
            "account_no": "3701000017",
            "class": "residential",
            "before": {"amount_minor": 17555, "currency": "CNY"},
            "after": {"amount_minor": 17765, "currency": "CNY"},
        }
    ],
    "unpriced": [
        {
            "account_no": "3701000025",
            "class": "residential",
            "is_by_tried": True,
            "faults": [{"path": "$.kwh", "code": "period_unknown"}],
        }
    ],
}


class DryRunAsked(RequestModel):
    """The month whose use is priced, and a document to try in place of the version's own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"month": "2026-10"}, {"month": "2026-10", "document": DOCUMENT_EXAMPLE}]}
    )

    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    document: Document | None = None

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")


class DryRunTotal(AnswerModel):
    """How many pay more, less and the same, and what all of them pay by what they have and by what is tried."""

    accounts: int
    up: int
    down: int
    equal: int
    before: Amount
    after: Amount


class DryRunClass(DryRunTotal):
    """The accounts of one class."""

    model_config = ConfigDict(serialize_by_alias=True)

    account_class: str = Field(alias="class")


class DryRunDifference(AnswerModel):
    """One account's month by what it has and by what is tried."""

    model_config = ConfigDict(serialize_by_alias=True)

    account_no: str
    account_class: str = Field(alias="class")
    before: Amount
    after: Amount


class DryRunFault(AnswerModel):
    """A place of an account's use that cannot be priced, and why."""

    path: str
    code: str


class DryRunUnpriced(AnswerModel):
    """An account that is in no total: a fault of its use by what is tried or by what it has.

    There is no fault where it was on the tariff, or had one holder, for a part of the month alone.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    account_no: str
    account_class: str = Field(alias="class")
    is_by_tried: bool
    faults: list[DryRunFault]

    @classmethod
    def of(cls, found: Unpriced) -> "DryRunUnpriced":
        """The account as JSON."""
        return cls.model_validate(
            {
                "account_no": found.account_no,
                "class": found.account_class,
                "is_by_tried": found.is_by_tried,
                "faults": [{"path": fault.path, "code": fault.code} for fault in found.faults],
            }
        )


class DryRunAnswer(AnswerModel):
    """A version beside what accounts have over one month. `is_all`: no account was left out for their number.

    `accounts` are all that were looked at, those of `unpriced` too, which are in no total; `total` is null where none
    has a price. `largest`: the changes that are the largest, up or down.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DRY_RUN_EXAMPLE]})

    month: str
    accounts: int
    is_all: bool
    total: DryRunTotal | None
    by_class: list[DryRunClass]
    largest: list[DryRunDifference]
    unpriced: list[DryRunUnpriced]

    @classmethod
    def of(cls, run: DryRun) -> "DryRunAnswer":
        """The answer."""
        return cls(
            month=f"{run.month:%Y-%m}",
            accounts=run.accounts,
            is_all=run.is_all,
            total=DryRunTotal.model_validate(_sums(run.by_class)) if run.by_class else None,
            by_class=[
                DryRunClass.model_validate({"class": each.account_class, **_sums([each])}) for each in run.by_class
            ],
            largest=[
                DryRunDifference.model_validate(
                    {
                        "account_no": each.account_no,
                        "class": each.account_class,
                        "before": Amount.of(each.before),
                        "after": Amount.of(each.after),
                    }
                )
                for each in run.largest
            ],
            unpriced=[DryRunUnpriced.of(each) for each in run.unpriced],
        )


class TariffDryRun(AnswerModel):
    """A version that is tried on many accounts, and how far that is: `accounts` of about `of_accounts`.

    `result` when it is `ready`; it names up to 50 of the `unpriced` accounts. `refused`: the program sees these
    accounts no more. `failed`: it could not be gone on with.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0197a3c2-6f0e-7f8e-9a43-5d0f6f1f7c11",
                    "tariff_code": "RES-1",
                    "version_no": 2,
                    "month": "2026-10",
                    "state": "asked",
                    "accounts": 12000,
                    "of_accounts": 412000,
                    "unpriced": 0,
                    "asked_at": "2026-11-02T10:00:00+08:00",
                    "expires_at": "2026-11-03T10:00:00+08:00",
                    "result": None,
                }
            ]
        }
    )

    id: UUID
    tariff_code: str
    version_no: int
    month: str
    state: Literal["asked", "ready", "refused", "failed"]
    accounts: int
    of_accounts: int
    unpriced: int
    asked_at: datetime
    expires_at: datetime
    result: DryRunAnswer | None

    @classmethod
    def of(cls, run: TriedRun) -> "TariffDryRun":
        """The answer."""
        return cls(
            id=run.id,
            tariff_code=run.tariff_code,
            version_no=run.version_no,
            month=f"{run.month:%Y-%m}",
            state=run.state.value,
            accounts=run.accounts,
            of_accounts=run.of_accounts,
            unpriced=run.unpriced,
            asked_at=run.asked_at,
            expires_at=run.expires_at,
            result=None if run.result is None else DryRunAnswer.of(run.result),
        )


def _sums(of: Sequence[ClassTotal]) -> dict[str, object]:
    """All of them in one: versions of a tariff are in one currency."""
    zero = Money.zero(of[0].after.currency)
    return {
        "accounts": sum(each.accounts for each in of),
        "up": sum(each.up for each in of),
        "down": sum(each.down for each in of),
        "equal": sum(each.equal for each in of),
        "before": Amount.of(sum((each.before for each in of), zero)),
        "after": Amount.of(sum((each.after for each in of), zero)),
    }
