"""What the registers of an account counted, found in Python from what they showed: for tests to hold sums against."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP
from itertools import accumulate, groupby, pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.db import ReadSession
from core.periods import start_of
from services.metering.queries import Register
from services.metering.registers import counted


class Counted(NamedTuple):
    """What one register counted between two readings that follow each other, in millionths."""

    meter_no: str
    register: Register
    begins: datetime
    ends: datetime
    energy: int


def counted_by_registers(session: ReadSession, *, account_id: int, zone: ZoneInfo) -> list[Counted]:
    """By register and time; what a meter counted while it was away and came back is not among it."""
    rows = session.sql(
        """select r.id, r.meter_no, r.kind, r.digits, r.multiplier, x.read_at, x.value
           from meter_register r
           join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
           where r.account_id = :account_id order by r.id, x.read_at""",
        account_id=account_id,
    ).all()
    came_back = _came_back(session, account_id, zone)
    found = []
    for _, of_register in groupby(rows, key=lambda row: row.id):
        for before, after in pairwise(of_register):
            went = counted(before.value, after.value, digits=before.digits)
            if went is None or any(before.read_at < at <= after.read_at for at in came_back[before.meter_no]):
                continue
            energy = int((went * before.multiplier).to_integral_value(ROUND_HALF_UP))
            found.append(Counted(before.meter_no, Register(before.kind), before.read_at, after.read_at, energy))
    return found


def days_of_registers(session: ReadSession, *, account_id: int, zone: ZoneInfo) -> dict[Register, dict[date, int]]:
    """The same shared out over the days between, evenly by time; the days come to exactly the whole."""
    days: dict[Register, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for each in counted_by_registers(session, account_id=account_id, zone=zone):
        first, last = each.begins.astimezone(zone).date(), each.ends.astimezone(zone).date()
        between = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        borders = [each.begins, *(start_of(day, zone) for day in between[1:]), each.ends]
        lengths = [(end - begin) // timedelta(microseconds=1) for begin, end in pairwise(borders)]
        reached = [each.energy * until // sum(lengths) for until in accumulate(lengths)]
        for day, (low, high) in zip(between, pairwise([0, *reached]), strict=True):
            days[each.register][day] += high - low
    return {register: dict(of_days) for register, of_days in days.items()}


def _came_back(session: ReadSession, account_id: int, zone: ZoneInfo) -> dict[str, list[datetime]]:
    """When meters came to the account that were not there the day before."""
    stays: dict[str, list[Any]] = defaultdict(list)
    for row in session.sql(
        "select meter_no, installed_on, removed_on from meter where account_id = :account_id", account_id=account_id
    ):
        stays[row.meter_no].append((row.installed_on or date.min, row.removed_on or date.max))
    found: dict[str, list[datetime]] = defaultdict(list)
    for meter_no, of_meter in stays.items():
        for since, _ in of_meter:
            if since != date.min and not any(begin < since <= end for begin, end in of_meter):
                found[meter_no].append(start_of(since, zone))
    return found
