"""Settings of readings: what is believed, what is estimated, how long pictures are kept."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class ReadingSettings(BaseSettings):
    """What a supplier says of its readings."""

    readings_most_kw: Annotated[
        int,
        Field(
            ge=1, le=10**7, description="Average kW of an interval above which it is not believed: it waits for staff."
        ),
    ] = 50_000
    readings_most_home_kw: Annotated[int, Field(ge=1, le=10**7, description="The same for residential accounts.")] = 100
    readings_oldest_days: Annotated[
        int, Field(ge=366, le=9000, description="Readings of days further back than this are not taken.")
    ] = 7305
    readings_estimate_after_days: Annotated[
        int,
        Field(
            ge=1,
            le=30,
            description="Readings that miss for so many days are estimated; what comes later replaces them.",
        ),
    ] = 3
    readings_linear_minutes: Annotated[
        int,
        Field(
            ge=15, le=720, description="A gap up to so long is estimated between its neighbours, a longer one by weeks."
        ),
    ] = 120
    readings_own_most_times: Annotated[
        int,
        Field(
            ge=2,
            le=100,
            description="A customer's own reading of more than so many times the usual use waits for staff.",
        ),
    ] = 4
    readings_photo_most_bytes: Annotated[
        int,
        Field(
            ge=100_000,
            le=10_000_000,
            description="Bytes of a picture of a meter as sent; a larger one is refused.",
        ),
    ] = 6_000_000
    readings_photo_days: Annotated[
        int,
        Field(ge=30, le=3660, description="Days for which pictures of meters are kept; what they showed stays."),
    ] = 400
