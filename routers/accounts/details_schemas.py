"""What the JSON API says of what owners tell of their accounts."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.accounts.operations import Told
from services.accounts.operations.quality import MOST_EMAIL, MOST_HOUSEHOLD, ContactBy
from services.accounts.queries.quality import Details
from web.models import AnswerModel, Moment, RequestModel, Text

EQUIPMENT_EXAMPLE: JsonDict = {
    "ev_charger": True,
    "heat_pump": False,
    "solar": None,
    "storage": None,
    "generator": None,
}
VERSION_EXAMPLE: Final = "3f1c0a5e9d7b4e2a8c6f1d0b9a7e5c31"
HouseholdSize = Annotated[int, Field(ge=1, le=MOST_HOUSEHOLD)]


class Equipment(RequestModel):
    """What is there: yes, no, or null for not told."""

    ev_charger: bool | None = None
    heat_pump: bool | None = None
    solar: bool | None = None
    storage: bool | None = None
    generator: bool | None = None


class TellDetails(RequestModel):
    """Everything that is to be told. An e-mail address that is null stays, unless `removes_email` takes it back.

    `version` is that of the details as you saw them: when they have another by now, nothing is changed (409).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "xiaomei@example.com",
                    "contact_by": "sms",
                    "household_size": 3,
                    "equipment": EQUIPMENT_EXAMPLE,
                    "version": VERSION_EXAMPLE,
                }
            ]
        }
    )

    email: Annotated[Text, StringConstraints(min_length=1, max_length=MOST_EMAIL)] | None = None
    removes_email: bool = False
    contact_by: ContactBy | None = None
    household_size: HouseholdSize | None = None
    equipment: Equipment = Equipment()
    version: Annotated[Text, StringConstraints(min_length=1, max_length=64)]

    def told(self) -> Told:
        """What is meant."""
        return Told(self.email, self.removes_email, self.contact_by, self.household_size, self.equipment.model_dump())


class EquipmentTold(AnswerModel):
    """What is there, as far as it was told."""

    ev_charger: bool | None
    heat_pump: bool | None
    solar: bool | None
    storage: bool | None
    generator: bool | None


class AccountDetails(AnswerModel):
    """What was told of an account; null for what was not. `confirmed_at` is when it was told last."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email_masked": "x***@example.com",
                    "contact_by": "sms",
                    "household_size": 3,
                    "equipment": EQUIPMENT_EXAMPLE,
                    "confirmed_at": "2026-06-15T12:00:31+08:00",
                    "version": VERSION_EXAMPLE,
                }
            ]
        },
    )

    email_masked: str | None
    contact_by: ContactBy | None
    household_size: int | None
    equipment: EquipmentTold
    confirmed_at: Moment | None
    version: str

    @classmethod
    def of(cls, known: Details) -> "AccountDetails":
        """The answer."""
        return cls.model_validate(
            {
                "email_masked": known.email_masked,
                "contact_by": known.contact_by,
                "version": known.version,
                "household_size": known.household_size,
                "equipment": known.equipment,
                "confirmed_at": known.confirmed_at,
            }
        )
