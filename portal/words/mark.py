"""The mark of a text that is translated where it is shown, not where it stands."""

from typing import Final

N_: Final = str
"""By this name gettext's tools find such texts."""
