"""What one network or one member of staff may look up of others, counted in PostgreSQL and exact however many ask."""

from datetime import datetime

from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from services.identity import rules
from services.identity.models import LimitKind
from services.identity.operations import codes
from services.identity.rules import Limit


def network_key(vault: Vault, *, what: str, address: str) -> bytes:
    """Under what the lookups of a network are counted: an IPv4 address, or the /64 of an IPv6 address."""
    return vault.blind(f"lookup.{what}", rules.address_group(address))


def count_lookup(session: WriteSession, *, key: bytes, limit: Limit, now: datetime) -> int | None:
    """Count one more and answer None, or, when the limit is reached, count nothing and answer the seconds to wait."""
    if codes.within_limit(session, kind=LimitKind.LOOKUP, key=key, limit=limit, now=now):
        return None
    return codes.retry_after_s(session, kind=LimitKind.LOOKUP, key=key, limit=limit, now=now)


def lookup_wait_s(session: ReadSession, *, key: bytes, limit: Limit, now: datetime) -> int | None:
    """Seconds until one more is within the limit; None when it is now. Counts nothing."""
    is_free = session.sql(
        """select count(*) filter (where hit > :now - interval '1 hour') < :per_hour and count(*) < :per_day
           from sign_in_limit l, unnest(l.hits) hit
           where l.kind = :kind and l.key = :key and hit > :now - interval '24 hours'""",
        kind=LimitKind.LOOKUP.value,
        key=key,
        per_hour=limit.per_hour,
        per_day=limit.per_day,
        now=now,
    ).scalar_one()
    return None if is_free else codes.retry_after_s(session, kind=LimitKind.LOOKUP, key=key, limit=limit, now=now)
