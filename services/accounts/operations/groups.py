"""A person's groups of accounts: what they put together to see and pay as one. A group is nobody's but its maker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.db import WriteSession, statement
from core.locks import lock
from core.texts import is_line, normal_form
from services.accounts.errors import GroupNameTaken, GroupNameWrong, TooManyGroups, TooManyMembers

MOST_GROUPS: Final = 50
"""Groups of one person."""
MOST_MEMBERS: Final = 5_000
"""Accounts of one group: as many as one statement adds up."""
MOST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Added:
    """How many accounts came into a group, and the numbers that did not: there is none such to pay for."""

    added: int
    unknown: tuple[str, ...]


def create_group(session: WriteSession, *, user_id: UUID, name: str, actor: Actor, now: datetime) -> UUID:
    """Make an empty group; raises GroupNameWrong, GroupNameTaken, TooManyGroups."""
    kept = _name(name)
    _lock(session, user_id)
    held = session.sql("select count(*) from account_group where user_id = :user_id", user_id=user_id).scalar_one()
    if held >= MOST_GROUPS:
        raise TooManyGroups(most=MOST_GROUPS)
    group_id: UUID | None = session.sql(
        """insert into account_group (id, user_id, name, created_at) values (:id, :user_id, :name, :now)
           on conflict (user_id, name) do nothing returning id""",
        id=ids.uuid7(),
        user_id=user_id,
        name=kept,
        now=now,
    ).scalar_one_or_none()
    if group_id is None:
        raise GroupNameTaken
    audit.record(session, actor=actor, act="accounts.group_made", subject=f"account_group:{group_id}")
    return group_id


def rename_group(session: WriteSession, *, user_id: UUID, group_id: UUID, name: str, actor: Actor) -> bool:
    """Give a group another name; False when it is not this person's. Raises GroupNameWrong and GroupNameTaken."""
    kept = _name(name)
    _lock(session, user_id)
    taken = session.sql(
        "select exists (select from account_group where user_id = :user_id and name = :name and id <> :id)",
        user_id=user_id,
        name=kept,
        id=group_id,
    ).scalar_one()
    if taken:
        raise GroupNameTaken
    found = session.sql(
        "update account_group set name = :name where id = :id and user_id = :user_id",
        name=kept,
        id=group_id,
        user_id=user_id,
    ).rowcount
    if found:
        audit.record(session, actor=actor, act="accounts.group_renamed", subject=f"account_group:{group_id}")
    return bool(found)


def delete_group(session: WriteSession, *, user_id: UUID, group_id: UUID, actor: Actor) -> bool:
    """Take a group apart, the accounts stay; False when it is not this person's."""
    found = session.sql(
        "delete from account_group where id = :id and user_id = :user_id", id=group_id, user_id=user_id
    ).rowcount
    if found:
        audit.record(session, actor=actor, act="accounts.group_deleted", subject=f"account_group:{group_id}")
    return bool(found)


def add_to_group(
    session: WriteSession,
    *,
    user_id: UUID,
    group_id: UUID,
    account_nos: Sequence[str] | None,
    actor: Actor,
    now: datetime,
) -> Added | None:
    """Put accounts into a group, None for all that the person may pay for; answers None for somebody else's group.

    Numbers of which there is none, and those that the person may not pay for, are told alike. Raises TooManyMembers,
    with nothing added.
    """
    _lock(session, user_id)
    if not _is_own(session, user_id=user_id, group_id=group_id):
        return None
    rows = session.sql(
        statement(__package__, "group_add.sql"),
        user_id=user_id,
        group_id=group_id,
        account_nos=None if account_nos is None else list(dict.fromkeys(account_nos)),
        now=now,
    ).all()
    held = session.sql("select count(*) from account_group_member where group_id = :id", id=group_id).scalar_one()
    if held > MOST_MEMBERS:
        raise TooManyMembers(most=MOST_MEMBERS)
    added = [row.account_id for row in rows if row.is_added]
    if added:
        audit.record(
            session,
            actor=actor,
            act="accounts.group_joined",
            subject=f"account_group:{group_id}",
            after={"account_ids": [*added]},
        )
    return Added(len(added), tuple(row.account_no for row in rows if row.account_id is None))


def take_from_group(session: WriteSession, *, user_id: UUID, group_id: UUID, account_no: str, actor: Actor) -> bool:
    """Take an account out of a group; False when it is not in a group of this person's."""
    account_id = session.sql(
        """delete from account_group_member m using account_group g, account a
           where g.id = m.group_id and g.id = :group_id and g.user_id = :user_id
             and a.id = m.account_id and a.account_no = :account_no returning m.account_id""",
        group_id=group_id,
        user_id=user_id,
        account_no=account_no,
    ).scalar_one_or_none()
    if account_id is not None:
        audit.record(
            session,
            actor=actor,
            act="accounts.group_left",
            subject=f"account_group:{group_id}",
            before={"account_ids": [account_id]},
        )
    return account_id is not None


def _lock(session: WriteSession, user_id: UUID) -> None:
    """One change of a person's groups at a time: what is counted stays so."""
    lock(session, key=f"accounts.groups|{user_id}")


def _is_own(session: WriteSession, *, user_id: UUID, group_id: UUID) -> bool:
    return bool(
        session.sql(
            "select exists (select from account_group where id = :id and user_id = :user_id)",
            id=group_id,
            user_id=user_id,
        ).scalar_one()
    )


def _name(text: str) -> str:
    name = " ".join(normal_form(text).split())
    if not is_line(name) or not 0 < len(name) <= MOST_NAME:
        raise GroupNameWrong(most=MOST_NAME)
    return name
