"""One account as the back office asks for it."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from routers.backoffice.schemas import OfficeAccount
from services.billing import queries
from web.models import AccountNo
from web.problems import problems
from web.problems.common import NotFound, ScopeMissing
from web.service import AccountsReader
from web.session import Write

router = APIRouter(prefix="/api/v1/backoffice", tags=["back office"])


@router.get(
    "/accounts/{account_no}",
    response_model=OfficeAccount,
    responses=problems(ScopeMissing),
    operation_id="show_office_account",
)
def show_office_account(caller: AccountsReader, account_no: Annotated[AccountNo, Path()], write: Write) -> Response:
    """What an account of the program's units owes and has in advance, and who bills it."""
    found = queries.office_account(write, account_no=account_no, client=caller.id)
    if found is None:
        raise NotFound
    return Response(found, media_type="application/json")
