"""What the JSON API says of readings that customers tell themselves."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.metering.operations import Told
from services.metering.queries import OwnReading, OwnState, ReadableRegister, Register
from web.models import AnswerModel, Moment, RequestModel

VALUE: Final = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
Exact = Annotated[Decimal, Field(description="An exact decimal number as text.")]

READING: Final[JsonDict] = {
    "id": "019ac1f2-6f0e-7f8e-9a43-5d0f6f1f7c11",
    "meter_no": "…2233",
    "register": "total",
    "value": "10483.2",
    "told_at": "2026-11-26T09:31:07Z",
    "state": "accepted",
    "reason": None,
    "is_mine": True,
    "has_photo": True,
}
REGISTER: Final[JsonDict] = {
    "meter": 1,
    "meter_no": "…2233",
    "register": "total",
    "digits": 6,
    "last_value": "10421.7",
    "last_read_at": "2026-11-18T16:00:00Z",
}


class TellReading(RequestModel):
    """What a register of a meter shows, as text; `meter`, as the list of registers says, only where several are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"register": "total", "value": "10483.2"}]})

    meter: Annotated[int, Field(ge=1, le=10_000)] | None = None
    register_: Annotated[Register, Field(alias="register", strict=False)] = Register.TOTAL
    value: Annotated[str, StringConstraints(pattern=VALUE)]

    def told(self) -> Told:
        """The same for the domain."""
        return Told(self.meter, self.register_, Decimal(self.value))


class ToldReading(AnswerModel):
    """A reading that somebody told. It waits for staff when it is not believed, and `reason` says why.

    `first`: nothing is known of the register. `inverted`: less than it showed before. `implausible`: much more than
    usual.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [READING]}, serialize_by_alias=True, validate_by_name=True)

    id: UUID
    meter_no: str
    register_: Annotated[Register, Field(alias="register")]
    value: Exact
    told_at: Moment
    state: OwnState
    reason: str | None
    is_mine: bool
    has_photo: bool

    @classmethod
    def of(cls, found: OwnReading, *, user_id: UUID) -> "ToldReading":
        """The reading as JSON for one of those who see it."""
        return cls(
            id=found.id,
            meter_no=found.meter_no,
            register_=found.register,
            value=found.value,
            told_at=found.told_at,
            state=found.state,
            reason=found.reason,
            is_mine=found.user_id == user_id,
            has_photo=found.has_photo,
        )


class RegisterToRead(AnswerModel):
    """A register that may be read now. What it showed last is null where the present holder has seen no reading.

    `meter` counts the meters of the account and stays; `meter_no` is the end of its number.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [REGISTER]}, serialize_by_alias=True, validate_by_name=True
    )

    meter: int
    meter_no: str
    register_: Annotated[Register, Field(alias="register")]
    digits: int | None
    last_value: Exact | None
    last_read_at: Moment | None

    @classmethod
    def of(cls, found: ReadableRegister) -> "RegisterToRead":
        """The register as JSON."""
        return cls(
            meter=found.meter,
            meter_no=found.meter_no,
            register_=found.register,
            digits=found.digits,
            last_value=found.last_value,
            last_read_at=found.last_read_at,
        )


class ToldReadings(AnswerModel):
    """Readings that people told of an account, the latest first; and what may be read."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"registers": [REGISTER], "items": [READING], "next": None}]}
    )

    registers: list[RegisterToRead]
    items: list[ToldReading]
    next: str | None
