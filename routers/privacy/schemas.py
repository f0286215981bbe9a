"""What the JSON API says of consents, of copies of a person's data, and of erasure."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from routers.identity.schemas import DEVICE_ID_EXAMPLE, DeviceId
from services.identity.ports import ConsentPurpose
from services.identity.queries import ConsentView, ErasureView, ExportView
from web.consents import TEXTS
from web.models import AnswerModel, Moment, RequestModel, Text

CONSENT_EXAMPLE: JsonDict = {
    "purpose": "marketing",
    "title": "Offers and events",
    "text": "We may write to you about offers, events and new services.",
    "text_version": 1,
    "is_given": True,
    "decision": "given",
    "decided_version": 1,
    "decided_at": "2026-06-15T12:00:31+08:00",
}


class Consent(AnswerModel):
    """A purpose, what one agrees to, and how you stand to it.

    `is_given` says whether we may: it is false, too, when you agreed to an older text. `decision` is null until you
    decide: then we may not either.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [CONSENT_EXAMPLE]})

    purpose: ConsentPurpose
    title: str
    text: str
    text_version: int
    is_given: bool
    decision: Literal["given", "withdrawn"] | None
    decided_version: int | None
    decided_at: Moment | None

    @classmethod
    def of(cls, view: ConsentView, locale: str) -> "Consent":
        """The answer of a purpose, in the caller's language."""
        words = TEXTS[view.purpose, view.text_version]
        return cls(
            purpose=view.purpose,
            title=words.title(locale),
            text=words.text(locale),
            text_version=view.text_version,
            is_given=view.is_given,
            decision=None if view.decision is None else view.decision.value,
            decided_version=view.decided_version,
            decided_at=view.decided_at,
        )


class ConsentList(AnswerModel):
    """Every purpose that needs your consent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [CONSENT_EXAMPLE]}]})

    items: list[Consent]


class ConsentGiven(RequestModel):
    """That you agree to the text of this version, which you have read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text_version": 1}]})

    text_version: int = Field(ge=1, le=32_767)


EXPORT_EXAMPLE: JsonDict = {
    "state": "ready",
    "asked_at": "2026-06-15T12:00:31+08:00",
    "expires_at": "2026-06-18T12:00:41+08:00",
}
ERASURE_EXAMPLE: JsonDict = {
    "state": "asked",
    "asked_at": "2026-06-15T12:00:31+08:00",
    "due_at": "2026-06-22T12:00:31+08:00",
}


class DataExport(AnswerModel):
    """A copy of your data: none, being made, or ready to be taken once until `expires_at`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXPORT_EXAMPLE]})

    state: Literal["none", "making", "ready"]
    asked_at: Moment | None
    expires_at: Moment | None

    @classmethod
    def of(cls, view: ExportView | None) -> "DataExport":
        """The answer of a copy, or of none."""
        if view is None:
            return cls(state="none", asked_at=None, expires_at=None)
        state: Literal["making", "ready"] = "making" if view.expires_at is None else "ready"
        return cls(state=state, asked_at=view.asked_at, expires_at=view.expires_at)


class PersonDocument(AnswerModel):
    """All that is kept of you, by section; docs/reference/personal-data.md tells what a section is made from."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": 1,
                    "made_at": "2026-06-15T04:00:41+00:00",
                    "sections": {"consents": [{"purpose": "marketing", "decision": "given", "text_version": 1}]},
                }
            ]
        },
    )

    version: int
    made_at: Moment
    sections: dict[str, list[dict[str, Any]]]


class Erasure(AnswerModel):
    """Your wish to be erased: none, or done at `due_at` unless you take it back before."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ERASURE_EXAMPLE]})

    state: Literal["none", "asked"]
    asked_at: Moment | None
    due_at: Moment | None

    @classmethod
    def of(cls, view: ErasureView | None) -> "Erasure":
        """The answer of a wish, or of none."""
        if view is None:
            return cls(state="none", asked_at=None, due_at=None)
        return cls(state="asked", asked_at=view.asked_at, due_at=view.due_at)


class OwnCodeRequest(RequestModel):
    """The device that will bring the code, which goes to your own telephone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"device_id": DEVICE_ID_EXAMPLE}]})

    device_id: DeviceId


class ProvedByCode(RequestModel):
    """The code that came to your telephone, by the device that asked for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"device_id": DEVICE_ID_EXAMPLE, "code": "246810"}]})

    device_id: DeviceId
    code: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
