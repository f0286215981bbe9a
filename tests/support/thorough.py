"""How much of an abundance `make test` takes: a share that differs from place to place; `make test-all` takes everything."""

import os
import zlib
from collections.abc import Sequence
from typing import Final, TypeVar

Kind = TypeVar("Kind")
EVERYTHING: Final = os.environ.get("WATTLINE_TESTS") == "all"


def share(place: str, kinds: Sequence[Kind], *, parts: int) -> list[Kind]:
    """Every `parts`-th of the kinds, beginning where the place's name says: always the same for one place."""
    if EVERYTHING:
        return list(kinds)
    first = zlib.crc32(place.encode()) % parts
    return list(kinds[first::parts])
