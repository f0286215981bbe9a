"""Programs of the supplier get the units of which they may read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import audit
from core.audit import Actor
from core.db import WriteSession
from services.accounts.errors import UnitUnknown


def give_program_units(
    session: WriteSession, *, client: UUID, codes: Sequence[str], actor: Actor, now: datetime
) -> None:
    """Let a program read these units and those below them, and no others. Raises UnitUnknown."""
    wanted = sorted(set(codes))
    found = session.sql("select id, code from unit where code = any(:codes) order by code", codes=wanted).all()
    if missing := set(wanted) - {row.code for row in found}:
        raise UnitUnknown(unit=min(missing))
    before = session.sql(
        """with gone as (delete from service_unit where service_client_id = :client returning unit_id)
           select u.code from gone join unit u on u.id = gone.unit_id order by u.code""",
        client=client,
    ).scalars()
    kept = list(before)
    session.sql(
        """insert into service_unit (service_client_id, unit_id, granted_at)
           select :client, id, :now from unnest(cast(:ids as integer[])) id""",
        client=client,
        now=now,
        ids=[row.id for row in found],
    )
    audit.record(
        session,
        actor=actor,
        act="accounts.program_units_given",
        subject=f"service:{client}",
        before={"units": [*kept]},
        after={"units": [*wanted]},
    )
