"""What is done with readings, inside the transaction of whoever calls."""

from services.metering.formats.naming import Naming, names_of
from services.metering.measures import Channel, IntervalRow, Quality, Register
from services.metering.models import ReadingSource
from services.metering.operations.changes import Change, changes_done, claim_changes
from services.metering.operations.deciding import Decision, accept, discard, estimate
from services.metering.operations.dismissing import dismiss_finding
from services.metering.operations.estimating import estimate_day, estimate_next
from services.metering.operations.files import GreenButtonLoader, Nem12Loader, loader_of
from services.metering.operations.importing import CHUNK_ROWS, IntervalsLoader, ReadingsLoader
from services.metering.operations.moving import MOVER, move_next, note_moved
from services.metering.operations.own_readings import Teller, Told, attach_photo, purge_photos, tell_reading
from services.metering.operations.personal import OwnReadings
from services.metering.operations.registers import RegisterReadingsLoader
from services.metering.operations.taking import (
    Sender,
    TakenReadings,
    UnitCounts,
    make_months,
    take_intervals,
)
from services.metering.operations.validating import validate_next
from services.metering.rules import Limits, limits_of

__all__ = [
    "CHUNK_ROWS",
    "MOVER",
    "Change",
    "Channel",
    "Decision",
    "GreenButtonLoader",
    "IntervalRow",
    "IntervalsLoader",
    "Limits",
    "Naming",
    "Nem12Loader",
    "OwnReadings",
    "Quality",
    "ReadingSource",
    "ReadingsLoader",
    "Register",
    "RegisterReadingsLoader",
    "Sender",
    "TakenReadings",
    "Teller",
    "Told",
    "UnitCounts",
    "accept",
    "attach_photo",
    "changes_done",
    "claim_changes",
    "discard",
    "dismiss_finding",
    "estimate",
    "estimate_day",
    "estimate_next",
    "limits_of",
    "loader_of",
    "make_months",
    "move_next",
    "names_of",
    "note_moved",
    "purge_photos",
    "take_intervals",
    "tell_reading",
    "validate_next",
]
