"""Payments out: every fact that moved a customer's money, in the order of the feed, for programs that poll."""

import json
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from core.pagination import MAX_CURSOR, BadCursor
from routers.backoffice.schemas import PaymentFactPage
from services.accounts.errors import UnitsMissing
from services.accounts.queries import programs
from services.payments.queries import feed
from web.models import plain_digits
from web.problems import problems
from web.problems.common import ScopeMissing
from web.runtime import RuntimeDep
from web.service import PaymentsReader
from web.session import Write

router = APIRouter(prefix="/api/v1/backoffice", tags=["back office"])

MOST_FACTS: Final = 500
FactLimit = Annotated[int, BeforeValidator(plain_digits), Field(ge=1, le=MOST_FACTS)]


@router.get(
    "/payments",
    response_model=PaymentFactPage,
    responses=problems(ScopeMissing, UnitsMissing, BadCursor),
    operation_id="list_payment_facts",
)
def list_payment_facts(
    caller: PaymentsReader,
    runtime: RuntimeDep,
    write: Write,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[FactLimit, Query()] = 100,
) -> Response:
    """What moved customers' money, from the beginning or behind a cursor; of the program's units.

    Keep `next` with what you have taken in, and ask with it again: at once while `has_more`, else when you like. A page
    may be short or empty while there are more. A fact stands in the feed once, and no fact is ever put before a place
    that was read.
    """
    after = feed.BEGINNING if cursor is None else feed.place_of(runtime.cursors, cursor)
    reach = programs.program_reach(write, client=caller.id)
    if not reach.units:
        raise UnitsMissing
    page = feed.page(write, after=after, limit=limit, units=None if reach.is_everywhere else reach.units)
    following = json.dumps(feed.cursor_of(runtime.cursors, page.place))
    items = ",".join(item for _, item in page.facts)
    text = f'{{"items":[{items}],"next":{following},"has_more":{json.dumps(page.has_more)}}}'
    return Response(text, media_type="application/json")
