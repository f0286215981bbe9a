"""My files: lists that I asked for, how far they are, taking and deleting them.

A list's page asks with `ask`: its first piece is written at once, so that most files are ready on the next page.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from core.crypto.vault import Vault
from core.db import Database, ReadSession
from core.errors import Json
from core.periods import business_date
from portal.pages import go, text_of
from portal.staff.once import Sent, do_once
from portal.staff.pages import CheckedForm, SignedInStaff, StaffReader, check, check_fresh, resolved, show
from services.accounts.roles import StaffPermission
from services.casework import flows, operations
from services.casework.errors import FilesMany
from services.casework.queries import files as queries
from services.casework.queries.files import FileView
from web import spreadsheets
from web.handlers import AnswerCut
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Exports, Now, Write

router = APIRouter(include_in_schema=False)

CONFLICT: Final = 409
FILES: Final = "/staff/files"
Filters = Callable[[ReadSession, StaffReader], dict[str, Json]]


class FileGone(AnswerCut):
    """The file was deleted or written anew while it left: what was sent of it is cut off."""


def ask(
    request: Request,
    runtime: Runtime,
    db: Database,
    *,
    of_list: str,
    permission: StaffPermission,
    filters: Filters,
    sent: Sent,
    now: datetime,
) -> Response:
    """Have a list written for whoever may read it and has just given a code, once, and lead to my files."""
    asked_for: list[UUID] = []
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        check(reader, permission)
        check_fresh(reader)
        wanted = filters(session, reader)

        def work() -> Response:
            try:
                file_id = operations.ask_file(
                    session, of_list=of_list, filters=wanted, staff_id=reader.staff_id, actor=reader.actor, now=now
                )
            except FilesMany as refusal:
                return _page(request, session, reader, refused=text_of(request, refusal), now=now)
            asked_for.append(file_id)
            return go(FILES)

        answer = do_once(session, reader, sent, work)
    for file_id in asked_for:
        flows.write_file(db, vault=runtime.vault, file_id=file_id, now=now)
    return answer


@router.get(FILES)
def files(request: Request, reader: SignedInStaff, write: Write, now: Now) -> Response:
    """What I asked for."""
    return _page(request, write, reader, now=now)


@router.post(FILES + "/{file_id}/content", dependencies=[CheckedForm])
def take(request: Request, runtime: RuntimeDep, db: Exports, now: Now, file_id: UUID) -> Response:
    """The file itself, with a fresh code, and as long as I may read all that is in it."""
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
        check_fresh(reader)
        found = operations.take_file(session, file_id=file_id, staff_id=reader.staff_id, actor=reader.actor, now=now)
    if found is None:
        raise NotFound
    day = business_date(found.asked_at, runtime.settings.zone).isoformat()
    return StreamingResponse(
        _pieces(db, runtime.vault, found),
        media_type=spreadsheets.MEDIA_TYPE,
        headers=spreadsheets.attachment(f"{found.of_list}-{day}.csv"),
    )


@router.post(FILES + "/{file_id}/delete", dependencies=[CheckedForm])
def drop(reader: SignedInStaff, write: Write, file_id: UUID) -> Response:
    """Delete it now."""
    if not operations.drop_file(write, file_id=file_id, staff_id=reader.staff_id, actor=reader.actor):
        raise NotFound
    return go(FILES)


def _page(request: Request, session: ReadSession, reader: StaffReader, *, refused: str = "", now: datetime) -> Response:
    found = queries.files_of(session, staff_id=reader.staff_id, now=now)
    return show(
        request,
        "staff/files.html",
        reader,
        status=CONFLICT if refused else 200,
        here=FILES,
        rows=found,
        refused=refused,
        is_waiting=any(each.state == "asked" for each in found),
    )


def _pieces(db: Database, vault: Vault, file: FileView) -> Iterator[str]:
    """Each read in a transaction of its own: a slow reader holds nothing."""
    for no in range(file.pieces):
        with db.read() as session:
            text = queries.file_piece(session, vault=vault, file_id=file.id, no=no)
        if text is None:
            raise FileGone
        yield text
