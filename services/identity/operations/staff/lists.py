"""How somebody has the lists of the console: filters under a name, and columns that are not shown. Theirs alone.

A list is known by its code, a filter by the query of its address; both are whatever the edge says. Gone when they are
disabled.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession
from core.texts import is_line, normal_form
from services.identity.errors import FilterNameInvalid, FilterNameTaken, FiltersMany, FilterTooLong, StaffUnknown

MOST_FILTERS: Final = 20
"""Of one list."""
LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 2_000
"""As the database bounds it, encoded: nine characters for a Chinese one."""


def keep_filter(
    session: WriteSession, *, staff_id: UUID, of_list: str, name: str, query: str, actor: Actor, now: datetime
) -> None:
    """Keep a filter of a list.

    Raises FilterNameInvalid, FilterTooLong, FilterNameTaken, FiltersMany, and StaffUnknown for somebody who is not
    active any more.
    """
    called = _name(name)
    if len(query) > LONGEST_QUERY:
        raise FilterTooLong
    _lock(session, staff_id)
    kept = session.sql(
        "select count(*) from staff_filter where staff_id = :staff_id and of_list = :of_list",
        staff_id=staff_id,
        of_list=of_list,
    ).scalar_one()
    if kept >= MOST_FILTERS:
        raise FiltersMany
    made = session.sql(
        """insert into staff_filter (id, staff_id, of_list, name, query, created_at)
           values (:id, :staff_id, :of_list, :name, :query, :now) on conflict (staff_id, of_list, name) do nothing""",
        id=ids.uuid7(),
        staff_id=staff_id,
        of_list=of_list,
        name=called,
        query=query,
        now=now,
    ).rowcount
    if not made:
        raise FilterNameTaken
    _note(session, staff_id, of_list, actor, act="identity.staff_filter_kept")


def rename_filter(session: WriteSession, *, staff_id: UUID, filter_id: UUID, name: str, actor: Actor) -> bool:
    """Give one's own filter another name; False when there is none. Raises FilterNameInvalid, FilterNameTaken."""
    called = _name(name)
    _lock(session, staff_id)
    of_list = session.sql(
        "select of_list from staff_filter where id = :id and staff_id = :staff_id", id=filter_id, staff_id=staff_id
    ).scalar_one_or_none()
    if of_list is None:
        return False
    renamed = session.sql(
        """update staff_filter f set name = :name where f.id = :id and not exists (
             select from staff_filter o
             where o.staff_id = f.staff_id and o.of_list = f.of_list and o.name = :name and o.id <> f.id)""",
        id=filter_id,
        name=called,
    ).rowcount
    if not renamed:
        raise FilterNameTaken
    _note(session, staff_id, of_list, actor, act="identity.staff_filter_renamed")
    return True


def drop_filter(session: WriteSession, *, staff_id: UUID, filter_id: UUID, actor: Actor) -> bool:
    """Keep one's own filter no longer; False when there is none."""
    of_list = session.sql(
        "delete from staff_filter where id = :id and staff_id = :staff_id returning of_list",
        id=filter_id,
        staff_id=staff_id,
    ).scalar_one_or_none()
    if of_list is None:
        return False
    _note(session, staff_id, of_list, actor, act="identity.staff_filter_dropped")
    return True


def choose_columns(
    session: WriteSession, *, staff_id: UUID, of_list: str, hidden: Collection[str], actor: Actor
) -> None:
    """Show a list without these columns; raises StaffUnknown for somebody who is not active any more."""
    _lock(session, staff_id)
    if hidden:
        session.sql(
            """insert into staff_columns (staff_id, of_list, hidden) values (:staff_id, :of_list, :hidden)
               on conflict (staff_id, of_list) do update set hidden = excluded.hidden""",
            staff_id=staff_id,
            of_list=of_list,
            hidden=sorted(hidden),
        )
    else:
        session.sql(
            "delete from staff_columns where staff_id = :staff_id and of_list = :of_list",
            staff_id=staff_id,
            of_list=of_list,
        )
    _note(session, staff_id, of_list, actor, act="identity.staff_columns_chosen")


def forget(session: WriteSession, *, staff_id: UUID) -> None:
    """Keep nothing of it."""
    session.sql("delete from staff_filter where staff_id = :staff_id", staff_id=staff_id)
    session.sql("delete from staff_columns where staff_id = :staff_id", staff_id=staff_id)


def _name(typed: str) -> str:
    name = normal_form(typed.strip())
    if not 0 < len(name) <= LONGEST_NAME or not is_line(name):
        raise FilterNameInvalid
    return name


def _lock(session: WriteSession, staff_id: UUID) -> None:
    """One change of somebody's lists at a time, and none beside their being disabled."""
    found = session.sql("select from staff where id = :id and state = 'active' for no key update", id=staff_id)
    if found.one_or_none() is None:
        raise StaffUnknown


def _note(session: WriteSession, staff_id: UUID, of_list: str, actor: Actor, *, act: str) -> None:
    """What a filter says goes with its owner, and the log stays: it tells the list alone."""
    audit.record(session, actor=actor, act=act, subject=f"staff:{staff_id}", after={"list": of_list})
