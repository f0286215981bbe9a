"""In which units a program of the supplier may read and write: those that it was given, and all below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.db import ReadSession


@dataclass(frozen=True, slots=True)
class ProgramReach:
    """The units of a program. `is_everywhere`: the whole supplier, hence also what names no unit."""

    units: Sequence[int]
    is_everywhere: bool


def program_reach(session: ReadSession, *, client: UUID) -> ProgramReach:
    """Where a program may act now. Reads the whole tree, some thousand rows at most."""
    row = session.sql(
        """select coalesce(array_agg(u.unit_id), '{}') as units,
             exists (select from unit) and not exists (
               select from unit r where r.parent_id is null
                 and not exists (select from service_units(:client) s where s.unit_id = r.id)) as is_everywhere
           from service_units(:client) u""",
        client=client,
    ).one()
    return ProgramReach(row.units, row.is_everywhere)


def given_units(session: ReadSession, *, client: UUID) -> Sequence[int]:
    """The units that a program was given, without those below them."""
    return (
        session.sql("select unit_id from service_unit where service_client_id = :client", client=client).scalars().all()
    )


def has_units(session: ReadSession, *, client: UUID) -> bool:
    """Whether a program was given any."""
    return bool(
        session.sql(
            "select exists (select from service_unit where service_client_id = :client)", client=client
        ).scalar_one()
    )


def unit_codes_of_programs(session: ReadSession) -> dict[UUID, list[str]]:
    """The units that each program was given, by code."""
    rows = session.sql(
        """select g.service_client_id, array_agg(u.code order by u.path) as codes
           from service_unit g join unit u on u.id = g.unit_id group by g.service_client_id"""
    )
    return {row.service_client_id: list(row.codes) for row in rows}
