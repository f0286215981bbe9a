"""Entry points and nothing else."""

import gc
from typing import Final

YOUNG: Final = 20_000
"""New objects between two looks for garbage: with Python's own 700 a quarter of each start is spent on looking."""

gc.set_threshold(YOUNG)
