"""What people allow and take back. Nothing is ever overwritten: a decision is a row."""

from datetime import datetime
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import WriteSession
from services.identity import queries
from services.identity.errors import ConsentTextChanged
from services.identity.ports import CONSENT_TEXTS, ConsentDecision, ConsentPurpose, Edge
from services.identity.queries import ConsentView

_DECIDE = """
insert into consent (user_id, purpose, text_version, decision, edge, decided_at)
values (:user_id, :purpose, :text_version, :decision, :edge, :now)
"""


def give_consent(
    session: WriteSession,
    *,
    user_id: UUID,
    purpose: ConsentPurpose,
    text_version: int,
    edge: Edge,
    actor: Actor,
    now: datetime,
) -> ConsentView:
    """Let the supplier use a person's data for a purpose, as the text of this version says; again changes nothing.

    Raises ConsentTextChanged when another text is valid by now: what nobody has read, nobody has agreed to.
    """
    if text_version != CONSENT_TEXTS[purpose]:
        raise ConsentTextChanged(text_version=CONSENT_TEXTS[purpose])
    held = _locked(session, user_id, purpose)
    if held.is_given:
        return held
    return _decide(session, held, user_id, ConsentDecision.GIVEN, edge, actor, now)


def withdraw_consent(
    session: WriteSession, *, user_id: UUID, purpose: ConsentPurpose, edge: Edge, actor: Actor, now: datetime
) -> ConsentView:
    """Take a consent back, from the commit on; without one nothing changes. It needs no reading and no reason."""
    held = _locked(session, user_id, purpose)
    if held.decision is not ConsentDecision.GIVEN:
        return held
    return _decide(session, held, user_id, ConsentDecision.WITHDRAWN, edge, actor, now)


def _locked(session: WriteSession, user_id: UUID, purpose: ConsentPurpose) -> ConsentView:
    """How it stands, with the person locked: of two decisions at once the second sees the first."""
    session.sql("select from app_user where id = :id for no key update", id=user_id)
    return next(each for each in queries.consents(session, user_id=user_id) if each.purpose is purpose)


def _decide(
    session: WriteSession,
    held: ConsentView,
    user_id: UUID,
    decision: ConsentDecision,
    edge: Edge,
    actor: Actor,
    now: datetime,
) -> ConsentView:
    version = CONSENT_TEXTS[held.purpose]
    session.sql(
        _DECIDE,
        user_id=user_id,
        purpose=held.purpose.value,
        text_version=version,
        decision=decision.value,
        edge=edge.value,
        now=now,
    )
    audit.record(
        session,
        actor=actor,
        act="identity.consent",
        subject=f"user:{user_id}",
        before={"purpose": held.purpose.value, "decision": None if held.decision is None else held.decision.value},
        after={"purpose": held.purpose.value, "decision": decision.value, "text_version": version},
    )
    return ConsentView(held.purpose, version, decision, version, now)
