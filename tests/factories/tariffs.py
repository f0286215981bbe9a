"""Tariffs for tests: rows written directly, through the states that the database asks for."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from core import ids
from core.db import WriteSession, to_json
from tests.factories.accounts import make_unit

_numbers = itertools.count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FLAT: dict[str, object] = {
    "id": "flat",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"mode": "half_up", "stage": "line"},
    "energy": {"lines": "per_tier", "prices": {"all": "0.5469"}},
}
"""One price for every kWh."""


def make_tariff(session: WriteSession, *, code: str | None = None, currency: str = "CNY") -> str:
    """A tariff without versions; its code."""
    code = code or f"T{next(_numbers)}"
    session.sql(
        """insert into tariff (code, name, class, currency, created_at)
           values (:code, 'Household', 'residential', :currency, :at) on conflict do nothing""",
        code=code,
        currency=currency,
        at=LONG_AGO,
    )
    return code


def make_draft(
    session: WriteSession,
    *,
    code: str,
    valid_from: date = date(2024, 1, 1),
    valid_to: date | None = None,
    document: Mapping[str, object] = FLAT,
    periods: Sequence[str] = ("all",),
) -> int:
    """A draft of a version; its id."""
    made: int = session.sql(
        """insert into tariff_version (tariff_code, version_no, valid_from, valid_to, document, periods, state, created_at, changed_at)
           values (:code, 0, :valid_from, :valid_to, cast(:document as jsonb), :periods, 'draft', :at, :at) returning id""",
        code=code,
        valid_from=valid_from,
        valid_to=valid_to,
        document=to_json(document),
        periods=list(periods),
        at=LONG_AGO,
    ).scalar_one()
    return made


def publish(session: WriteSession, version_id: int) -> None:
    """Take a draft through its states."""
    session.sql(
        "update tariff_version set state = 'proposed', request_id = :request where id = :id",
        id=version_id,
        request=_request(session),
    )
    session.sql(
        "update tariff_version set state = 'published', published_at = :at where id = :id", id=version_id, at=LONG_AGO
    )


def make_version(
    session: WriteSession,
    *,
    code: str | None = None,
    valid_from: date = date(2024, 1, 1),
    valid_to: date | None = None,
    document: Mapping[str, object] = FLAT,
    periods: Sequence[str] = ("all",),
) -> int:
    """A published version of a tariff, which is made when it is not there; its id."""
    code = make_tariff(session, code=code, currency=str(document.get("currency", "CNY")))
    version_id = make_draft(
        session, code=code, valid_from=valid_from, valid_to=valid_to, document=document, periods=periods
    )
    publish(session, version_id)
    return version_id


def _request(session: WriteSession) -> UUID:
    """An approval that somebody asked for and another gave."""
    asks, decides = (_somebody(session) for _ in range(2))
    made: UUID = session.sql(
        """insert into approval_request (id, kind, subject, unit_id, payload, reason, state, requested_by, requested_at, expires_at, decided_by,
             decided_at, decision_proved_at)
           values (:id, 'tariffs.publish_version', :subject, :unit, '{}', 'A test.', 'approved', :asks, :at, :at + interval '1 day', :decides, :at, :at)
           returning id""",
        id=ids.uuid7(),
        subject=f"tariff:{uuid4()}",
        unit=make_unit(session),
        asks=asks,
        decides=decides,
        at=LONG_AGO,
    ).scalar_one()
    return made


def _somebody(session: WriteSession) -> UUID:
    made: UUID = session.sql(
        """insert into staff (id, name, display_name, state, created_at)
           values (:id, :name, 'Somebody', 'invited', :at) returning id""",
        id=ids.uuid7(),
        name=f"tariffs{next(_numbers)}",
        at=LONG_AGO,
    ).scalar_one()
    return made
