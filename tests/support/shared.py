"""Data that may not lie in this repository: their licences are remembered and were not seen.

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
    """A folder of the shared data; skips the test when it is not there."""
    folder = Path(os.environ.get(VARIABLE, BESIDE)) / name
    if not folder.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: no {name} in {folder.parent}; say with {VARIABLE} where they are")
    return folder
