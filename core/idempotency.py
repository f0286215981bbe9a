"""Doing a request once: answers kept under the caller's key, and names that belong to one owner for ever.

A key is scoped to caller and route. An operation keeps its answer in the transaction of its effect (`begin`, then
`finish`). A flow begins in one short transaction, which records the id of the thing it will make (`resource`), and
finishes in its last; between them the row is leased to this run, and the lease is prolonged while the run lives
(`web.leases`), so that a repetition waits (InFlight) and, when the first has died, takes over with the same `resource`.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from core.db import ReadSession, Timestamp, WriteSession, statement
from core.errors import Refusal
from core.locks import lock, try_lock

KEEP_DAYS: Final = 7
LEASE_S: Final = 12
"""Not for how long a flow may take, but how long a dead one is waited for: whoever runs prolongs it."""


class KeyReused(Refusal):
    """The key came with another request before."""

    code = "idempotency_key_reused"


class InFlight(Refusal):
    """The first request with this key is still being worked on."""

    code = "request_in_flight"


class NameTaken(Refusal):
    """A globally unique name belongs to somebody else."""

    code = "name_taken"


class IdempotencyRow(SQLModel, table=True):
    """One request key and, once finished, its answer."""

    __tablename__ = "idempotency"

    caller: str = Field(sa_type=sa.Text, primary_key=True)
    route: str = Field(sa_type=sa.Text, primary_key=True)
    key: str = Field(sa_type=sa.Text, primary_key=True)
    request_hash: bytes = Field(sa_type=sa.LargeBinary)
    resource: str | None = Field(default=None, sa_type=sa.Text)
    status: int | None = Field(default=None, sa_type=sa.SmallInteger)
    answer: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    created_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": sa.text("now()")})
    leased_until: datetime | None = Field(default=None, sa_type=Timestamp)
    run: UUID | None = Field(default=None)


class ClaimRow(SQLModel, table=True):
    """One globally unique name (a provider's transaction, a bill number) and its owner."""

    __tablename__ = "claim"

    kind: str = Field(sa_type=sa.Text, primary_key=True)
    key: str = Field(sa_type=sa.Text, primary_key=True)
    owner: str = Field(sa_type=sa.Text)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key of one request: who, where, which, and the digest of what was asked."""

    caller: str
    route: str
    key: str
    request_hash: bytes

    @classmethod
    def of(cls, *, caller: str, route: str, key: str, method: str, body: bytes) -> "RequestKey":
        """Digest the request (method, route, body) together with its key's scope."""
        digest = hashlib.sha256(b"\0".join((method.encode(), route.encode(), body))).digest()
        return cls(caller, route, key, digest)


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a key: the stored answer, or the `resource` that a flow must use, new or taken over.

    `run` names who works now; whoever takes the key over later is another one.
    """

    resource: str | None
    status: int | None = None
    answer: bytes | None = None
    run: UUID | None = field(default=None, compare=False)


_FIND = """
select request_hash, resource, status, answer, leased_until > now() as is_leased from idempotency
where caller = :caller and route = :route and key = :key and created_at > now() - make_interval(days => :days)
"""
_WRITE = """
insert into idempotency (caller, route, key, request_hash, resource, leased_until, run)
values (:caller, :route, :key, :request_hash, :resource, now() + make_interval(secs => :lease_s), :run)
on conflict (caller, route, key) do update set request_hash = excluded.request_hash, resource = excluded.resource,
  status = null, answer = null, created_at = now(), leased_until = excluded.leased_until, run = excluded.run
"""
RENEW: Final = statement(__package__, "renew_leases.sql")
"""Prolongs the leases of flows that run; `web.leases` sends it."""


def wait_for(session: WriteSession, key: RequestKey) -> None:
    """Hold a key until the transaction ends, waiting for the transaction that has it (bounded by the lock timeout).

    `begin` then finds what that one answered. It must be this lock that is waited for: at its end a transaction lets
    its locks go one after the other, so that whoever waits for another of them may still meet this one.
    """
    lock(session, key=_lock_key(key))


def begin(session: WriteSession, key: RequestKey, *, resource: str | None = None) -> Begun:
    """Claim a key, or learn what became of it.

    Raises KeyReused for another request under the same key, InFlight while another transaction or a living flow holds
    it. `resource` names what a flow is going to make; when an earlier try died half-way its own resource comes back
    instead.
    """
    if not try_lock(session, key=_lock_key(key)):
        raise InFlight
    scope = {"caller": key.caller, "route": key.route, "key": key.key}
    row = session.sql(_FIND, **scope, days=KEEP_DAYS).one_or_none()
    if row is None:
        return _run(session, key, resource)
    if bytes(row.request_hash) != key.request_hash:
        raise KeyReused
    if row.status is not None:
        return Begun(row.resource, row.status, bytes(row.answer))
    if row.is_leased:
        raise InFlight
    return _run(session, key, row.resource)


def _lock_key(key: RequestKey) -> str:
    return f"idempotency|{key.caller}|{key.route}|{key.key}"


def _run(session: WriteSession, key: RequestKey, resource: str | None) -> Begun:
    run = uuid4()
    session.sql(
        _WRITE,
        caller=key.caller,
        route=key.route,
        key=key.key,
        request_hash=key.request_hash,
        resource=resource,
        lease_s=LEASE_S,
        run=run,
    )
    return Begun(resource, run=run)


def finish(session: WriteSession, key: RequestKey, begun: Begun, *, status: int, answer: bytes) -> None:
    """Keep the answer for repetitions.

    Raises InFlight when another run has taken the key over meanwhile: what that one answers stands.
    """
    kept = session.sql(
        """update idempotency set status = :status, answer = :answer, leased_until = null, run = null
           where caller = :caller and route = :route and key = :key and run = :run and status is null""",
        **_held(key, begun),
        status=status,
        answer=answer,
    )
    if not kept.rowcount:
        raise InFlight


def release(session: WriteSession, key: RequestKey, begun: Begun) -> None:
    """Let a key be used again at once: the request had no effect and its answer is not worth keeping.

    Does nothing when another run has taken it over.
    """
    session.sql(
        """delete from idempotency
           where caller = :caller and route = :route and key = :key and run = :run and status is null""",
        **_held(key, begun),
    )


def interrupt(session: WriteSession, key: RequestKey, begun: Begun) -> None:
    """End the lease of a flow that failed half-way: the next try may take over at once, with the same `resource`.

    Does nothing when another run has taken it over.
    """
    session.sql(
        """update idempotency set leased_until = now(), run = null
           where caller = :caller and route = :route and key = :key and run = :run and status is null""",
        **_held(key, begun),
    )


def _held(key: RequestKey, begun: Begun) -> dict[str, object]:
    return {"caller": key.caller, "route": key.route, "key": key.key, "run": begun.run}


def purge(session: WriteSession, *, most: int) -> int:
    """Forget up to `most` keys older than KEEP_DAYS; returns how many."""
    return session.sql(
        """delete from idempotency where (caller, route, key) in (
             select caller, route, key from idempotency where created_at <= now() - make_interval(days => :days)
             order by created_at limit :most for update skip locked
           )""",
        days=KEEP_DAYS,
        most=most,
    ).rowcount


def forget_caller(session: WriteSession, *, caller: str) -> None:
    """Forget all that was answered to a caller."""
    session.sql("delete from idempotency where caller = :caller", caller=caller)


def claim(session: WriteSession, *, kind: str, key: str, owner: str) -> bool:
    """Take a globally unique name for `owner`, first thing in its transaction.

    Returns True when it is new, False when the same owner has it already; raises NameTaken when somebody else has it.
    """
    taken = session.sql(
        "insert into claim (kind, key, owner) values (:kind, :key, :owner) on conflict do nothing returning key",
        kind=kind,
        key=key,
        owner=owner,
    ).scalar_one_or_none()
    if taken is not None:
        return True
    if (
        session.sql("select owner from claim where kind = :kind and key = :key", kind=kind, key=key).scalar_one()
        != owner
    ):
        raise NameTaken(kind=kind)
    return False


def claim_staged(session: WriteSession, *, kind: str, query: LiteralString) -> list[str]:
    """Take many names at once: `query` answers each as key, with its owner. Answers those that somebody else has."""
    wrapped = statement(__package__, "claim_staged.sql").clause.text.replace(
        "(select /* staged names */)", f"({query})"
    )
    if session.connection().execute(sa.text(wrapped), {"kind": kind}).scalar_one():
        return []
    return claimed_staged(session, kind=kind, query=query)


def claimed_staged(session: ReadSession, *, kind: str, query: LiteralString) -> list[str]:
    """Which of these names somebody else has."""
    wrapped = statement(__package__, "claimed_staged.sql").clause.text.replace(
        "(select /* staged names */)", f"({query})"
    )
    return list(session.connection().execute(sa.text(wrapped), {"kind": kind}).scalars())


def forget_answers(session: WriteSession, *, caller: str, naming: str) -> None:
    """Forget a caller's answers that hold this text, as the id of something that must not be told again."""
    session.sql(
        "delete from idempotency where caller = :caller and position(convert_to(:naming, 'UTF8') in answer) > 0",
        caller=caller,
        naming=naming,
    )
