"""What the JSON API says of people who may use an account, and of invitations."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from core.periods import business_date
from routers.accounts.schemas import Role
from services.accounts.queries import InvitationView, InvitedView, PersonView
from web.models import AnswerModel, Day, Moment, RequestModel, Text

Scope = Literal["full", "totals"]
LastDay = Annotated[
    date | None, Field(description="The last day of the access, in the supplier's calendar; null: until it is ended.")
]
INVITATION_EXAMPLE: JsonDict = {
    "invitation_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
    "phone_masked": "+86138****8000",
    "role": "payer",
    "scope": "totals",
    "last_day": "2026-12-31",
    "created_at": "2026-06-15T12:00:31+08:00",
    "expires_at": "2026-06-22T12:00:31+08:00",
}
PERSON_EXAMPLE: JsonDict = {
    "grant_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c12",
    "phone_masked": "+86138****8000",
    "role": "payer",
    "scope": "full",
    "since": "2026-06-15T12:00:31+08:00",
    "last_day": None,
    "is_you": False,
}
INVITED_EXAMPLE: JsonDict = {
    "invitation_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
    "account": "****0001",
    "holder": "**明",
    "invited_by": "+86139****9000",
    "role": "payer",
    "scope": "totals",
    "last_day": "2026-12-31",
    "expires_at": "2026-06-22T12:00:31+08:00",
}


class InvitationRequest(RequestModel):
    """Whom to invite, to what. `scope` totals: bills without their lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"phone": "138 0013 8000", "role": "payer", "scope": "totals", "last_day": "2026-12-31"}]
        }
    )

    phone: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
    role: Literal["payer", "viewer"]
    scope: Scope = "full"
    last_day: Day | None = None


class Invitation(AnswerModel):
    """An open invitation. The answer is the same whether or not anybody has signed in with that telephone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [INVITATION_EXAMPLE]})

    invitation_id: UUID
    phone_masked: str
    role: Literal["payer", "viewer"]
    scope: Scope
    last_day: LastDay
    created_at: Moment
    expires_at: Moment

    @classmethod
    def of(cls, view: InvitationView, zone: ZoneInfo) -> "Invitation":
        """The answer of an invitation."""
        return cls.model_validate(
            {
                "invitation_id": view.id,
                "phone_masked": view.phone_masked,
                "role": view.role,
                "scope": view.scope,
                "last_day": None if view.until is None else business_date(view.until - timedelta(seconds=1), zone),
                "created_at": view.created_at,
                "expires_at": view.expires_at,
            }
        )


class InvitationList(AnswerModel):
    """Open invitations of an account, the newest first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [INVITATION_EXAMPLE]}]})

    items: list[Invitation]


class PersonWithAccess(AnswerModel):
    """Somebody who may use the account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PERSON_EXAMPLE]})

    grant_id: UUID
    phone_masked: str
    role: Role
    scope: Scope
    since: Moment
    last_day: LastDay
    is_you: bool

    @classmethod
    def of(cls, view: PersonView, *, caller_id: UUID, zone: ZoneInfo) -> "PersonWithAccess":
        """One entry of the list."""
        return cls.model_validate(
            {
                "grant_id": view.grant_id,
                "phone_masked": view.phone_masked,
                "role": view.role,
                "scope": view.scope,
                "since": view.since,
                "last_day": None if view.until is None else business_date(view.until - timedelta(seconds=1), zone),
                "is_you": view.user_id == caller_id,
            }
        )


class PeopleList(AnswerModel):
    """Everybody who may use the account now, owners first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [PERSON_EXAMPLE]}]})

    items: list[PersonWithAccess]


class Invited(AnswerModel):
    """An invitation to the caller: the number's end and masked names, for there is no access yet."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [INVITED_EXAMPLE]})

    invitation_id: UUID
    account: str
    holder: str
    invited_by: str
    role: Literal["payer", "viewer"]
    scope: Scope
    last_day: LastDay
    expires_at: Moment

    @classmethod
    def of(cls, view: InvitedView, zone: ZoneInfo) -> "Invited":
        """One entry of the list."""
        return cls.model_validate(
            {
                "invitation_id": view.id,
                "account": f"****{view.account_end}",
                "holder": view.holder,
                "invited_by": view.inviter,
                "role": view.role,
                "scope": view.scope,
                "last_day": None if view.until is None else business_date(view.until - timedelta(seconds=1), zone),
                "expires_at": view.expires_at,
            }
        )


class InvitedList(AnswerModel):
    """What the caller is invited to, the newest first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [INVITED_EXAMPLE]}]})

    items: list[Invited]
