"""Data that do not lie in this repository: worked cases that were given, and meters whose licences were not seen.

They are looked for in the folder that WATTLINE_SHARED_DATA names, or beside the repository in `shared/data`. Without
them a test says loudly that it was skipped, also where nothing else may be: it has nothing to judge.
"""

import os
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "WATTLINE_SHARED_DATA"
BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "data"


def shared(name: str) -> Path:
    """A file or folder of the shared data; skips the test when it is not there."""
    found = Path(os.environ.get(VARIABLE, BESIDE)).resolve() / name
    if not found.exists():
        pytest.skip(f"SKIPPED LOUDLY: no {found}; say with {VARIABLE} where the data are")
    return found
