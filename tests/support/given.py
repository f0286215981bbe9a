"""The data that is given beside the project: worked cases, real meters, real files. Nothing of it is copied here."""

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DATA: Final = Path(os.environ.get("WATTLINE_GIVEN_DATA", ROOT.parent / "shared" / "data")).resolve()
