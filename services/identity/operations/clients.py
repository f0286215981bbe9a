"""Programs of the supplier: made with a secret that is shown once, rotated with two living ones, disabled at once."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core import audit, ids
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession, statement
from services.identity import rules
from services.identity.errors import ServiceClientUnknown, ServiceNameTaken, ServiceNetworkInvalid
from services.identity.models import LimitKind
from services.identity.queries import ServiceScope

PREFIX: Final = "wls_"
"""Lets scanners of code and logs recognise a secret that got where it must not be."""
OVERLAP: Final = timedelta(days=7)
"""How long the earlier secret goes on beside the new one, unless told otherwise."""
MOST_NETWORKS: Final = 20
WRONG_TRIES: Final = rules.Limit(30, 200)
"""Wrong secrets from one network. They cannot be guessed; the limit is for what asks and never learns."""


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A client and the secret that is told this once."""

    client_id: str
    secret: str

    def __repr__(self) -> str:
        """Safe for logs."""
        return f"IssuedSecret({self.client_id})"


@dataclass(frozen=True, slots=True)
class ProvedClient:
    """A client that brought a living secret. `secret_id` names the secret: what it earned ends with it."""

    id: UUID
    secret_id: UUID
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ClientRefused:
    """No active client has this name and secret."""


@dataclass(frozen=True, slots=True)
class ClientLimited:
    """Too many wrong secrets from this network; told to the caller."""

    retry_after_s: int


def add_client(
    session: WriteSession,
    *,
    name: str,
    scopes: Collection[ServiceScope],
    actor: Actor,
    now: datetime,
    networks: Sequence[str] = (),
) -> IssuedSecret:
    """Make a program known that may call from `networks` alone, or from everywhere when there are none.

    Raises ServiceNameTaken and ServiceNetworkInvalid.
    """
    bound = _networks(networks)
    client = ids.uuid7()
    client_id = f"svc_{ids.human_code(16).lower()}"
    made = session.sql(
        """insert into service_client (id, client_id, name, scopes, state, created_at, networks)
           values (:id, :client_id, :name, cast(:scopes as text[]), 'active', :now, cast(:networks as cidr[]))
           on conflict (name) do nothing returning id""",
        id=client,
        client_id=client_id,
        name=name,
        scopes=sorted(scope.value for scope in scopes),
        now=now,
        networks=bound,
    ).scalar_one_or_none()
    if made is None:
        raise ServiceNameTaken
    issued = _issue(session, client=client, client_id=client_id, now=now)
    audit.record(
        session,
        actor=actor,
        act="identity.service_client_added",
        subject=f"service:{client}",
        after={"client_id": client_id, "scopes": [*sorted(scope.value for scope in scopes)], "networks": [*bound]},
    )
    return issued


def bind_client(session: WriteSession, *, client_id: str, networks: Sequence[str], actor: Actor) -> None:
    """Let a program call from these networks alone, from now on; from everywhere when there are none.

    Tokens that are about are bound with it. Raises ServiceClientUnknown and ServiceNetworkInvalid.
    """
    client, bound = _lock(session, client_id), _networks(networks)
    held: list[str] = session.sql(
        """with held as (select id, networks from service_client where id = :id)
           update service_client c set networks = cast(:networks as cidr[]) from held h where c.id = h.id
           returning cast(h.networks as text[])""",
        id=client,
        networks=bound,
    ).scalar_one()
    audit.record(
        session,
        actor=actor,
        act="identity.service_client_bound",
        subject=f"service:{client}",
        before={"networks": [*held]},
        after={"networks": [*bound]},
    )


def rotate_secret(
    session: WriteSession, *, client_id: str, actor: Actor, now: datetime, overlap: timedelta = OVERLAP
) -> IssuedSecret:
    """Give a program a new secret; the one before lives on for `overlap`, any other ends now.

    Raises ServiceClientUnknown.
    """
    client = _lock(session, client_id)
    session.sql(
        """update service_client_secret s set expires_at = least(s.expires_at,
             case when s.id = (select l.id from service_client_secret l where l.service_client_id = :client
                                 order by l.created_at desc, l.id desc limit 1)
               then cast(:until as timestamptz) else :now end)
           where s.service_client_id = :client and (s.expires_at is null or s.expires_at > :now)""",
        client=client,
        until=now + overlap,
        now=now,
    )
    issued = _issue(session, client=client, client_id=client_id, now=now)
    audit.record(session, actor=actor, act="identity.service_secret_rotated", subject=f"service:{client}")
    return issued


def disable_client(session: WriteSession, *, client_id: str, actor: Actor) -> None:
    """Shut a program out at once: its secrets, and the tokens that they earned. Raises ServiceClientUnknown."""
    client = _lock(session, client_id)
    session.sql("update service_client set state = 'disabled' where id = :id", id=client)
    audit.record(session, actor=actor, act="identity.service_client_disabled", subject=f"service:{client}")


def prove_client(
    session: WriteSession, *, vault: Vault, client_id: str, secret: str, address: str, now: datetime
) -> ProvedClient | ClientRefused | ClientLimited:
    """Judge a name and a secret. Commit whatever comes back: a wrong one is counted.

    Unknown, wrong, expired, disabled and called from elsewhere are one answer, by the same statements.
    """
    key = vault.blind("sign_in.service", rules.address_group(address))
    hits = _wrong_tries(session, key=key)
    wait_s = rules.wait_s(hits, WRONG_TRIES, now=now)
    if wait_s is not None:
        return ClientLimited(wait_s)
    found = session.sql(
        """select c.id, s.id as secret_id, c.scopes from service_client c
           join service_client_secret s on s.service_client_id = c.id
           where c.client_id = :client_id and s.secret_hash = :hash and c.state = 'active'
             and (s.expires_at is null or s.expires_at > :now)
             and service_calls_from(c.networks, cast(:address as inet))""",
        client_id=client_id,
        hash=rules.secret_hash(secret),
        now=now,
        address=rules.plain_address(address),
    ).one_or_none()
    if found is None:
        session.sql(
            statement(__package__, "count_code.sql"),
            kind=LimitKind.SERVICE.value,
            key=key,
            now=now,
            per_hour=WRONG_TRIES.per_hour,
            per_day=WRONG_TRIES.per_day,
        )
        return ClientRefused()
    session.sql("update service_client set last_used_at = :now where id = :id", now=now, id=found.id)
    audit.record(
        session,
        actor=Actor(f"service:{found.id}", address),
        act="identity.service_sign_in",
        subject=f"service_secret:{found.secret_id}",
    )
    return ProvedClient(found.id, found.secret_id, frozenset(found.scopes))


def _wrong_tries(session: ReadSession, *, key: bytes) -> list[datetime]:
    found: list[datetime] | None = session.sql(
        "select hits from sign_in_limit where kind = :kind and key = :key", kind=LimitKind.SERVICE.value, key=key
    ).scalar_one_or_none()
    return found or []


def _lock(session: WriteSession, client_id: str) -> UUID:
    found: UUID | None = session.sql(
        "select id from service_client where client_id = :client_id for update", client_id=client_id
    ).scalar_one_or_none()
    if found is None:
        raise ServiceClientUnknown
    return found


def _networks(given: Sequence[str]) -> list[str]:
    found = [rules.network(text) for text in given]
    if len(found) > MOST_NETWORKS or None in found:
        raise ServiceNetworkInvalid
    return [str(network) for network in found]


def _issue(session: WriteSession, *, client: UUID, client_id: str, now: datetime) -> IssuedSecret:
    issued = IssuedSecret(client_id, PREFIX + secrets.token_urlsafe(32))
    session.sql(
        """insert into service_client_secret (id, service_client_id, secret_hash, created_at)
           values (:id, :client, :hash, :now)""",
        id=ids.uuid7(),
        client=client,
        hash=rules.secret_hash(issued.secret),
        now=now,
    )
    return issued
