"""What a round could not do is set aside, so that one bad row stops nothing behind it.

A round hands the pieces of a slice to `attempt`. If they fail together, all of them are set aside and the round goes
on; `again`, called in turn with new slices, tries them in halves, then in quarters, until a piece fails by itself. That
one waits, twice as long after each try, a day at most, and says since when and why; `wattline doctor`, the console's
health page and the metric of the queue `set_aside` alarm. A piece that is handed to `attempt` meanwhile (its data
changed) is due at once, by itself: it spoils no slice. Both run inside the caller's transaction, in a savepoint: what
the round noted of its own progress is kept, what the failed pieces wrote is not. Where thousands fail by themselves it
is not the data: `attempt` then refuses, so that the task fails, and the round stays where it is until someone mends it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa
import structlog
from sqlmodel import Field, SQLModel

from core.db import ReadSession, Timestamp, WriteSession, is_lost, view

log = structlog.get_logger(__name__)

MOST: Final = 10_000
"""So many pieces of one work may fail by themselves before it stops."""
LONGEST: Final = 200
"""Of a reason only its beginning is kept."""

_DONE: Final = """
delete from set_aside s using unnest(cast(:owners as bigint[]), cast(:parts as text[])) p (owner, part)
where s.work = :work and s.owner = p.owner and s.part = p.part
"""
_FAILED: Final = """
update set_aside s set together = :together, reason = :reason, failures = least(s.failures + :alone, 32000),
  due_at = case :alone when 0 then s.due_at
    else now() + least(power(2, least(s.failures, 11)), 1440) * interval '1 minute' end
from unnest(cast(:owners as bigint[]), cast(:parts as text[])) p (owner, part)
where s.work = :work and s.owner = p.owner and s.part = p.part
"""

T = TypeVar("T")


class AsideRow(SQLModel, table=True):
    """A piece that failed, alone or with others: it is tried again when it is due, `together` with as many."""

    __tablename__ = "set_aside"

    work: str = Field(sa_type=sa.Text, primary_key=True)
    owner: int = Field(sa_type=sa.BigInteger, primary_key=True)
    part: str = Field(sa_type=sa.Text, primary_key=True)
    together: int = Field(sa_type=sa.Integer)
    since: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    due_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    failures: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    reason: str = Field(sa_type=sa.Text)


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """What a round does by itself if need be: all of an `owner`, or a `part` of it, like a month."""

    owner: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class AsideView:
    """A piece that failed by itself: `failures` times since then, the last time for this reason."""

    work: str
    owner: int
    part: str
    since: datetime
    due_at: datetime
    failures: int
    reason: str


class WorkFails(RuntimeError):
    """So many pieces of a work failed by themselves that it is no use to go on."""


def attempt(session: WriteSession, *, work: str, pieces: Sequence[Piece], do: Callable[[list[Piece]], T]) -> T | None:
    """Do these pieces at once; what they give, or None where they were set aside, or all of them were before.

    Raises WorkFails when MOST pieces of this work failed by themselves already.
    """
    known = _due_now(session, work, pieces) if pieces else set[Piece]()
    left = [each for each in pieces if each not in known]
    if not left:
        return None
    failing = session.sql(
        "select count(*) from (select from set_aside where work = :work and failures > 0 limit :most) f",
        work=work,
        most=MOST,
    )
    if failing.scalar_one() >= MOST:
        raise WorkFails(work)
    done, reason = _tried(session, work, left, do)
    if reason is not None:
        session.sql(
            """insert into set_aside (work, owner, part, together, reason)
               select :work, p.owner, p.part, :together, :reason
               from unnest(cast(:owners as bigint[]), cast(:parts as text[])) p (owner, part)
               on conflict (work, owner, part) do update set due_at = now()""",
            work=work,
            together=max(1, len(left) // 2),
            reason=reason,
            **_keys(left),
        )
    return done


def again(session: WriteSession, *, work: str, do: Callable[[list[Piece]], object]) -> bool:
    """Try what is due of a work, as many pieces as are to be tried together; False when nothing is.

    They are held until the transaction ends, so that nobody else tries them.
    """
    rows = session.sql(
        """with most as (
             select together from set_aside where work = :work and due_at <= now()
             order by together desc, due_at limit 1)
           select owner, part, together from set_aside
           where work = :work and due_at <= now() and together = (select together from most)
           order by owner, part limit (select together from most) for update skip locked""",
        work=work,
    ).all()
    if not rows:
        return False
    pieces = [Piece(row.owner, row.part) for row in rows]
    _, reason = _tried(session, work, pieces, do)
    if reason is None:
        session.sql(_DONE, work=work, **_keys(pieces))
    else:
        together = max(1, len(pieces) // 2)
        session.sql(_FAILED, work=work, together=together, alone=int(len(pieces) == 1), reason=reason, **_keys(pieces))
    return True


def failing(session: ReadSession, *, limit: int) -> list[AsideView]:
    """Up to `limit` pieces that failed by themselves, the oldest first. Reads the whole of a small table."""
    rows = session.sql(
        """select work, owner, part, since, due_at, failures, reason from set_aside
           where failures > 0 order by since, work, owner, part limit :limit""",
        limit=limit,
    )
    return [view(AsideView, row) for row in rows]


def _due_now(session: WriteSession, work: str, pieces: Sequence[Piece]) -> set[Piece]:
    """Which of these are set aside; they are due now."""
    rows = session.sql(
        """update set_aside s set due_at = least(s.due_at, now())
           from unnest(cast(:owners as bigint[]), cast(:parts as text[])) p (owner, part)
           where s.work = :work and s.owner = p.owner and s.part = p.part returning s.owner, s.part""",
        work=work,
        **_keys(pieces),
    )
    return {Piece(row.owner, row.part) for row in rows}


def _tried(
    session: WriteSession, work: str, pieces: list[Piece], do: Callable[[list[Piece]], T]
) -> tuple[T | None, str | None]:
    """What it gave, or why it failed."""
    try:
        with session.begin_nested():
            return do(pieces), None
    except Exception as error:
        if is_lost(error):
            raise
        log.exception("set_aside", work=work, pieces=len(pieces), owner=pieces[0].owner, part=pieces[0].part)
        said = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        return None, f"{type(error).__name__}: {said}"[:LONGEST]


def _keys(pieces: Sequence[Piece]) -> dict[str, object]:
    return {"owners": [each.owner for each in pieces], "parts": [each.part for each in pieces]}
