"""Files that come a second time: what they say is known."""

from core import intake
from core.db import ReadSession
from services.metering.models import ReadingSource


class Repeats:
    """Which runs are of a file that was imported to its end before; asked once a run.

    Programs are told what came of a request that they repeat, and never ask for it to be done again.
    """

    def __init__(self, source: ReadingSource) -> None:
        self._source = source
        self._known: dict[int, bool] = {}

    def is_one(self, session: ReadSession, *, run_id: int) -> bool:
        """Whether this run is one."""
        if self._source is not ReadingSource.FILE:
            return False
        if run_id not in self._known:
            self._known[run_id] = intake.was_imported(session, run_id=run_id)
        return self._known[run_id]
