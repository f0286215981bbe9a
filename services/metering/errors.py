"""What metering refuses."""

from core.errors import Refusal


class ReadingUnknown(Refusal):
    """No such reading in quarantine, or not in the units of whoever asks."""

    code = "reading_unknown"


class ReadingDecided(Refusal):
    """Somebody decided about this reading already; `state` says how."""

    code = "reading_decided"


class ReadingNotAcceptable(Refusal):
    """Such a reading cannot be accepted: it is less than nothing, or lies below a reading before it."""

    code = "reading_not_acceptable"


class ReadingNotEstimable(Refusal):
    """No rule reaches this interval: neither its neighbours nor the weeks or the year before are known."""

    code = "reading_not_estimable"
