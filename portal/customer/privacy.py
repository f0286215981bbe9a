"""What I allow, and my rights over my data."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

import web.problems.identity  # noqa: F401 -- registers how refusals are told
from portal.pages import CheckedForm, SignedIn, go, show
from services.identity import operations, queries
from services.identity.errors import ConsentTextChanged
from services.identity.ports import ConsentPurpose, Edge
from web.consents import TEXTS
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

PAGE = "/me/consents"


@router.get(PAGE)
def consents(request: Request, reader: SignedIn, write: Write) -> Response:
    """Each purpose with its text, and a button that gives the consent or takes it back."""
    rows = [
        {
            "purpose": each.purpose.value,
            "title": TEXTS[each.purpose, each.text_version].title(reader.locale),
            "text": TEXTS[each.purpose, each.text_version].text(reader.locale),
            "text_version": each.text_version,
            "is_given": each.is_given,
            "decided_at": each.decided_at,
        }
        for each in queries.consents(write, user_id=reader.user_id)
    ]
    return show(request, "customer/consents.html", reader, rows=rows)


@router.post("/me/consents/{purpose}/give", dependencies=[CheckedForm])
def give(
    reader: SignedIn,
    write: Write,
    now: Now,
    purpose: ConsentPurpose,
    text_version: Annotated[int, Form(ge=1, le=32_767)] = 1,
) -> Response:
    """Agree; when the text has changed under the reader's eyes, the page shows the new one and nothing is agreed."""
    try:
        operations.give_consent(
            write,
            user_id=reader.user_id,
            purpose=purpose,
            text_version=text_version,
            edge=Edge.PORTAL,
            actor=reader.actor,
            now=now,
        )
    except ConsentTextChanged:
        return go(PAGE)
    return go(PAGE)


@router.post("/me/consents/{purpose}/withdraw", dependencies=[CheckedForm])
def withdraw(reader: SignedIn, write: Write, now: Now, purpose: ConsentPurpose) -> Response:
    """Take it back."""
    operations.withdraw_consent(
        write, user_id=reader.user_id, purpose=purpose, edge=Edge.PORTAL, actor=reader.actor, now=now
    )
    return go(PAGE)
