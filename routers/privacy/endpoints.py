"""What you allow us to do with your data: given by PUT, taken back by DELETE, as easily."""

from fastapi import APIRouter

import web.problems.identity  # noqa: F401 -- registers how refusals are told
from routers.privacy.schemas import Consent, ConsentGiven, ConsentList
from services.identity import operations, queries
from services.identity.errors import ConsentTextChanged
from services.identity.ports import ConsentPurpose, Edge
from web.caller import LivingCustomer
from web.locale import Locale
from web.problems import problems
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/me", tags=["privacy"])


@router.get("/consents", responses=problems(), operation_id="list_consents")
def list_consents(caller: LivingCustomer, locale: Locale, write: Write) -> ConsentList:
    """Every purpose that needs your consent, its text in your language, and how you stand to it."""
    return ConsentList(items=[Consent.of(each, locale) for each in queries.consents(write, user_id=caller.user_id)])


@router.put("/consents/{purpose}", responses=problems(ConsentTextChanged), operation_id="give_consent")
def give_consent(
    caller: LivingCustomer, purpose: ConsentPurpose, body: ConsentGiven, locale: Locale, write: Write, now: Now
) -> Consent:
    """Agree to a purpose. Repeated, it changes nothing."""
    given = operations.give_consent(
        write,
        user_id=caller.user_id,
        purpose=purpose,
        text_version=body.text_version,
        edge=Edge.API,
        actor=caller.actor,
        now=now,
    )
    return Consent.of(given, locale)


@router.delete("/consents/{purpose}", responses=problems(), operation_id="withdraw_consent")
def withdraw_consent(
    caller: LivingCustomer, purpose: ConsentPurpose, locale: Locale, write: Write, now: Now
) -> Consent:
    """Take a consent back, at once and without a reason. Without one it changes nothing."""
    taken = operations.withdraw_consent(
        write, user_id=caller.user_id, purpose=purpose, edge=Edge.API, actor=caller.actor, now=now
    )
    return Consent.of(taken, locale)
