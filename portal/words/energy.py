"""Words for the use of electricity."""

from typing import Final

from portal.words.mark import N_

PERIODS: Final = {
    "total": N_("Used"),
    "all": N_("All day"),
    "sharp": N_("Sharp peak"),
    "peak": N_("Peak"),
    "flat": N_("Flat"),
    "valley": N_("Valley"),
    "deep_valley": N_("Deep valley"),
}
"""Price periods by their meaning; those that only one supplier has are called as it calls them."""

VERSION_STATES: Final = {
    "draft": N_("Draft"),
    "proposed": N_("Proposed"),
    "published": N_("Published"),
    "withdrawn": N_("Withdrawn"),
}
"""The life of a version of a tariff."""
