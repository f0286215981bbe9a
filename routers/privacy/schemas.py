"""What the JSON API says of consents."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.identity.ports import ConsentPurpose
from services.identity.queries import ConsentView
from web.consents import TEXTS
from web.models import AnswerModel, Moment, RequestModel

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
