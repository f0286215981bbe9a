"""What a register counted between two readings. Pure."""

from services.metering.measures import UNITS_PER_KWH


def counted(before: int, after: int, *, digits: int | None) -> int | None:
    """How far a register went from one reading to the next; None if that cannot be.

    It begins again at zero behind its digits. A lower reading is taken for that only if it went less than half its
    range: more is a reading that is wrong.
    """
    if after >= before:
        return after - before
    if digits is None:
        return None
    around = after + 10**digits * UNITS_PER_KWH - before
    return around if around * 2 < 10**digits * UNITS_PER_KWH else None
