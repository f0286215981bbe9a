"""What metering refuses."""

from core.errors import Refusal


class ReadingUnknown(Refusal):
    """No such reading in quarantine, or not in the units of whoever asks."""

    code = "reading_unknown"


class ReadingDecided(Refusal):
    """Somebody decided about this reading already; `state` says how."""

    code = "reading_decided"


class ReadingNotAcceptable(Refusal):
    """Such a reading cannot be accepted: it is less than nothing, beyond all sums, or does not fit between others."""

    code = "reading_not_acceptable"


class ReadingNotEstimable(Refusal):
    """No rule reaches this interval: neither its neighbours nor the weeks or the year before are known."""

    code = "reading_not_estimable"


class NoMeterToRead(Refusal):
    """No meter is at this account now."""

    code = "no_meter_to_read"


class RegisterUnknown(Refusal):
    """The account's meter has no such register, or it has several meters and none was chosen."""

    code = "register_unknown"


class ReadingTooLong(Refusal):
    """The register shows `digits` whole digits; more were told."""

    code = "reading_too_long"


class ReadingToldAlready(Refusal):
    """Somebody else told a reading of this register today, or staff accepted the one that was told."""

    code = "reading_told_already"


class ReadingsLimited(Refusal):
    """Today's reading was told, or its picture sent, `most` times: it may be told anew tomorrow."""

    code = "readings_limited"


class OwnReadingUnknown(Refusal):
    """No such reading of the present holder's time."""

    code = "own_reading_unknown"


class NotYourReading(Refusal):
    """Somebody else told this reading: the picture comes from whoever read the meter."""

    code = "not_your_reading"


class PhotoTooLate(Refusal):
    """A picture comes on the day of its reading, as long as this was not replaced and nobody has decided about it."""

    code = "photo_too_late"


class PhotoUnknown(Refusal):
    """The reading has no picture, or it is no longer kept."""

    code = "photo_unknown"


class PhotoUnreadable(Refusal):
    """The bytes are no whole picture of the kinds that are taken: JPEG, PNG, WebP."""

    code = "photo_unreadable"


class PhotoTooLarge(Refusal):
    """The picture has more than `most_pixels` pixels, or more than `most_bytes` bytes."""

    code = "photo_too_large"
