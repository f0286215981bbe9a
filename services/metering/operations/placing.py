"""To which units readings belong."""

from collections.abc import Mapping, Sequence

from core.db import ReadSession, statement


def units_of_meters(session: ReadSession, *, named: Mapping[int, str]) -> dict[int, int]:
    """The units of records that name a meter, by the records' numbers; one that nobody knows is not in it."""
    if not named:
        return {}
    found = session.sql(
        statement(__package__, "import_readings_places.sql"), row_nos=list(named), meter_nos=list(named.values())
    )
    return {row.row_no: row.unit_id for row in found}


def units_of_accounts(session: ReadSession, *, account_ids: Sequence[int]) -> list[int]:
    """The unit of each account."""
    found = session.sql(statement(__package__, "units_of_accounts.sql"), account_ids=list(account_ids))
    return list(found.scalars())
