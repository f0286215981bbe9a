"""The form of what is told of an account: the same for its owner and for staff who ask them."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, cast, get_args

from fastapi import Form
from starlette.requests import Request

from portal.pages import text_of
from services.accounts.errors import CustomerShared, EmailWrong, HouseholdWrong
from services.accounts.operations import Told
from services.accounts.operations.quality import ContactBy
from services.accounts.queries.quality import EQUIPMENT, Details

YES: Final = {"yes": True, "no": False}
Answer = Annotated[Literal["", "yes", "no"], Form()]


@dataclass(frozen=True)
class DetailsForm:
    """What was typed, or what is known: as the fields of the form have it."""

    email: str
    removes_email: bool
    contact_by: str
    household_size: str
    equipment: dict[str, str]
    version: str

    def told(self) -> Told:
        """What is meant; raises HouseholdWrong for what is no number."""
        people = self.household_size.strip()
        if people and not (people.isascii() and people.isdigit()):
            raise HouseholdWrong
        known = self.contact_by in get_args(ContactBy)
        return Told(
            email=self.email.strip() or None,
            removes_email=self.removes_email,
            contact_by=cast("ContactBy", self.contact_by) if known else None,
            household_size=int(people) if people else None,
            equipment={code: YES.get(answer) for code, answer in self.equipment.items()},
        )


async def details_form(
    email: Annotated[str, Form(max_length=400)] = "",
    no_email: Annotated[str, Form(max_length=1)] = "",
    contact_by: Annotated[str, Form(max_length=16)] = "",
    household_size: Annotated[str, Form(max_length=8)] = "",
    ev_charger: Answer = "",
    heat_pump: Answer = "",
    solar: Answer = "",
    storage: Answer = "",
    generator: Answer = "",
    version: Annotated[str, Form(max_length=64)] = "",
) -> DetailsForm:
    """The form as it was sent."""
    answers = (ev_charger, heat_pump, solar, storage, generator)
    equipment: dict[str, str] = dict(zip(EQUIPMENT, answers, strict=True))
    return DetailsForm(email, bool(no_email), contact_by, household_size, equipment, version)


def form_of(details: Details) -> DetailsForm:
    """The form as it is shown first. The address is masked, so its field is empty: empty leaves it as it is."""
    answers = {True: "yes", False: "no", None: ""}
    people = details.household_size
    return DetailsForm(
        "",
        removes_email=False,
        contact_by=details.contact_by or "",
        household_size="" if people is None else str(people),
        equipment={code: answers[has] for code, has in details.equipment.items()},
        version=details.version,
    )


def field_of(request: Request, refusal: CustomerShared | EmailWrong | HouseholdWrong) -> dict[str, str]:
    """The refusal beside its field."""
    return {"household_size" if isinstance(refusal, HouseholdWrong) else "email": text_of(request, refusal)}
