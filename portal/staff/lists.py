"""Lists as each member of staff has them: filters that they keep under a name, and columns that they do not show.

A page asks for `mine` and shows `tools` of staff/sheet.html with its columns, of which the first is never hidden.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from core.db import ReadSession
from portal.pages import go, speak, text_of
from portal.staff.once import once
from portal.staff.pages import CheckedForm, SignedInStaff, StaffReader, safe_back, show
from portal.staff.terms import ID, Seals
from services.identity import queries
from services.identity.errors import FilterNameInvalid, FilterNameTaken, FiltersMany, FilterTooLong
from services.identity.operations import staff
from services.identity.queries import StaffFilterView
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

FILTERS: Final = "/staff/filters"
LONGEST_VALUE: Final = 200
Column = tuple[str, ...]
"""Code, title, and how its cells look."""


@dataclass(frozen=True)
class Listed:
    """Where a list is found, and what of its address filters or sorts it. A cursor is no filter.

    `texts` are filters that somebody types freely, with what of them an address may show as it is.
    """

    path: str
    filters: tuple[str, ...] = ()
    texts: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def asked(self, typed: Sequence[tuple[str, str]]) -> str:
        """The query of these filters; what is none of the list's is left out."""
        known = {name: value[:LONGEST_VALUE] for name, value in typed if name in self.filters and value}
        return urlencode({name: known[name] for name in self.filters if name in known})

    def at(self, query: str, seals: Seals, after: str = "") -> str:
        """The list with these filters, as the address of a session shows them."""
        typed = [*parse_qsl(query), *([("after", after)] if after else [])]
        shown = {name: seals.shown(text, self.texts[name]) if name in self.texts else text for name, text in typed}
        return f"{self.path}?{urlencode(shown)}" if shown else self.path


ACT: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,60}")
LISTS: Final = {
    "people": Listed("/staff/people", ("part", "state"), {"part": ID}),
    "audit": Listed(
        "/staff/audit",
        ("who", "act", "about", "since", "until"),
        {"who": ID, "act": ACT, "about": ID},
    ),
    "imports": Listed("/staff/imports", ("kind", "state", "sender", "since", "until")),
    "gaps": Listed("/staff/gaps", ("unit", "of", "level", "field")),
    "accounts": Listed("/staff/search"),
    "suspense": Listed("/staff/suspense", ("sort",)),
    "unknown": Listed("/staff/payments/unknown"),
    "webhooks": Listed("/staff/webhooks"),
    "readings": Listed("/staff/readings", ("unit", "reason", "since", "until")),
    "tariffs": Listed("/staff/tariffs"),
}
"""A search keeps nothing: what is searched for are customers' names and numbers.

A filter of the audit log does keep what the acts are about, which may be the number of an account.
"""


@dataclass(frozen=True)
class Mine:
    """How a reader has a list now."""

    code: str
    asked: str
    hidden: frozenset[str]
    kept: list[StaffFilterView]

    def shown(self, columns: Sequence[Column]) -> list[Column]:
        """Of all columns those that the reader wants to see."""
        return [each for place, each in enumerate(columns) if place == 0 or each[0] not in self.hidden]

    @property
    def is_kept(self) -> bool:
        """Whether there is nothing to keep: no filter is set, or the reader keeps it."""
        return not self.asked or any(each.query == self.asked for each in self.kept)


def seals_of(runtime: Runtime, reader: StaffReader, now: datetime) -> Seals:
    """How this reader's addresses show what is typed."""
    return Seals(runtime.vault, reader.session_id, now)


def mine(session: ReadSession, reader: StaffReader, code: str, **typed: str) -> Mine:
    """How this reader has a list that is filtered like this."""
    kept = queries.staff_filters(session, staff_id=reader.staff_id) if LISTS[code].filters else []
    return Mine(
        code=code,
        asked=LISTS[code].asked(list(typed.items())),
        hidden=queries.hidden_columns(session, staff_id=reader.staff_id, of_list=code),
        kept=[each for each in kept if each.of_list == code],
    )


@dataclass(frozen=True)
class Sent:
    """A filter as it was sent to be kept."""

    of_list: str
    name: str
    query: str
    there: str


ListCode = Annotated[str, Form(max_length=32)]
Name = Annotated[str, Form(max_length=200)]
Codes = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]], Form(max_length=20, default_factory=list)
]


@router.get(FILTERS)
def filters(request: Request, reader: SignedInStaff, write: Write) -> Response:
    """All filters that I keep."""
    return _page(request, write, reader)


@router.post(FILTERS, dependencies=[CheckedForm])
@once
def keep(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedInStaff,
    write: Write,
    now: Now,
    of_list: ListCode,
    name: Name = "",
    query: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Keep a filter under a name."""
    listed = _listed(of_list)
    if not listed.filters:
        raise NotFound
    asked = listed.asked(parse_qsl(query))
    there = listed.at(asked, seals_of(runtime, reader, now))
    sent = Sent(of_list, name, asked, there)
    if not asked:
        _ = speak(request)
        return _page(request, write, reader, {"name": _("Filter the list first, then keep the filter.")}, sent=sent)
    try:
        staff.keep_filter(
            write, staff_id=reader.staff_id, of_list=of_list, name=name, query=asked, actor=reader.actor, now=now
        )
    except (FilterNameInvalid, FilterNameTaken, FiltersMany, FilterTooLong) as refusal:
        return _page(request, write, reader, {"name": text_of(request, refusal)}, sent=sent)
    return go(there)


@router.get(FILTERS + "/{filter_id}")
def choose(runtime: RuntimeDep, reader: SignedInStaff, write: Write, now: Now, filter_id: UUID) -> Response:
    """Lead to the list that a filter of mine is for, without what was typed in the address."""
    for each in queries.staff_filters(write, staff_id=reader.staff_id):
        if each.id == filter_id:
            return go(LISTS[each.of_list].at(each.query, seals_of(runtime, reader, now)))
    raise NotFound


@router.post(FILTERS + "/{filter_id}/rename", dependencies=[CheckedForm])
def rename(request: Request, reader: SignedInStaff, write: Write, filter_id: UUID, name: Name = "") -> Response:
    """Give a filter another name."""
    try:
        is_mine = staff.rename_filter(
            write, staff_id=reader.staff_id, filter_id=filter_id, name=name, actor=reader.actor
        )
    except (FilterNameInvalid, FilterNameTaken) as refusal:
        return _page(
            request, write, reader, {f"name-{filter_id}": text_of(request, refusal)}, renamed={filter_id: name}
        )
    if not is_mine:
        raise NotFound
    return go(FILTERS)


@router.post(FILTERS + "/{filter_id}/delete", dependencies=[CheckedForm])
def drop(reader: SignedInStaff, write: Write, filter_id: UUID) -> Response:
    """Keep a filter no longer."""
    if not staff.drop_filter(write, staff_id=reader.staff_id, filter_id=filter_id, actor=reader.actor):
        raise NotFound
    return go(FILTERS)


@router.post("/staff/columns", dependencies=[CheckedForm])
def choose_columns(
    reader: SignedInStaff,
    write: Write,
    of_list: ListCode,
    column: Codes,
    shown: Codes,
    back: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Show a list without the columns that were offered and are not chosen."""
    _listed(of_list)
    hidden = set(column) - set(shown)
    staff.choose_columns(write, staff_id=reader.staff_id, of_list=of_list, hidden=hidden, actor=reader.actor)
    return go(safe_back(back))


def _listed(code: str) -> Listed:
    found = LISTS.get(code)
    if found is None:
        raise NotFound
    return found


def _page(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    wrong: dict[str, str] | None = None,
    *,
    sent: Sent | None = None,
    renamed: dict[UUID, str] | None = None,
) -> Response:
    kept = queries.staff_filters(session, staff_id=reader.staff_id)
    return show(
        request,
        "staff/filters.html",
        reader,
        here=FILTERS,
        kept={code: [each for each in kept if each.of_list == code] for code in LISTS},
        sent=sent,
        renamed=renamed or {},
        wrong=wrong or {},
    )
