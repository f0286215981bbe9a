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

LINES: Final = {
    "energy": N_("Electricity"),
    "energy_all": N_("Electricity"),
    "energy_sharp": N_("Electricity, sharp peak"),
    "energy_peak": N_("Electricity, peak"),
    "energy_flat": N_("Electricity, flat"),
    "energy_valley": N_("Electricity, valley"),
    "energy_deep_valley": N_("Electricity, deep valley"),
    "demand": N_("Demand charge"),
    "demand_over": N_("Demand above the contract"),
    "capacity": N_("Capacity charge"),
    "power_factor": N_("Power-factor adjustment"),
    "fund_renewable": N_("Renewable energy surcharge"),
    "fund_reservoir": N_("Reservoir resettlement fund"),
    "fund_water": N_("Water projects fund"),
    "free_kwh": N_("Free kWh"),
    "customer_charge": N_("Fixed charge"),
    "standing": N_("Fixed charge"),
    "fixed": N_("Fixed charge"),
    "minimum": N_("Up to the least charge"),
    "export": N_("Fed into the grid"),
    "tax": N_("Tax"),
    "tax_electricity": N_("Electricity tax"),
    "vat": N_("Value-added tax"),
}
"""Lines of a price."""

DAY_CLASSES: Final = {
    "workday": N_("workdays"),
    "weekend": N_("weekends"),
    "holiday": N_("public holidays"),
}
ROUNDINGS: Final = {
    "half_up": N_("half up"),
    "half_down": N_("half down"),
    "half_even": N_("half to even"),
    "up": N_("up"),
    "down": N_("down"),
}
BARS: Final = {
    "actual": N_("measured"),
    "estimated": N_("partly estimated"),
    "partial": N_("some readings missing"),
    "missing": N_("readings missing"),
    "awaited": N_("not read yet"),
}
"""What an hour, a day or a month stands on."""

DOUBTS: Final = {
    "negative": N_("Less than nothing"),
    "implausible": N_("More than such an account can take"),
    "inverted": N_("Less than the reading before"),
    "contradicted": N_("Contradicts what is known"),
    "decided": N_("Contradicts what staff decided"),
    "first": N_("First reading of this register"),
    "strayed": N_("Its meter was at no account then"),
}
"""Why nobody believes a reading."""
OWN_DOUBTS: Final = {
    "first": N_("It is the first reading of this register that we know: there is nothing to compare it with."),
    "inverted": N_("It is less than the reading before."),
    "implausible": N_("It is much more than this meter usually counts in that time."),
}
"""Why a reading that a customer told waits, or was not taken."""
ODDS: Final = {
    "spike": N_("One interval far above four weeks before"),
    "zeros": N_("Nothing used for two weeks and more"),
    "sums": N_("Intervals come to other than the register"),
}
"""What rules find odd in readings."""
DOUBT_STATES: Final = {
    "open": N_("Undecided"),
    "accepted": N_("Taken"),
    "discarded": N_("Discarded"),
    "estimated": N_("Estimated"),
}
CHANNELS: Final = {
    "import": N_("Taken from the grid"),
    "export": N_("Fed into the grid"),
    "reactive_lag": N_("Reactive, lagging"),
    "reactive_lead": N_("Reactive, leading"),
    "total": N_("Total register"),
    "sharp": N_("Sharp peak"),
    "peak": N_("Peak"),
    "flat": N_("Flat"),
    "valley": N_("Valley"),
    "deep_valley": N_("Deep valley"),
    "reactive": N_("Reactive"),
}
"""What intervals and registers measure."""
READING_SOURCES: Final = {
    "file": N_("A file"),
    "program": N_("A program"),
    "customer": N_("The customer"),
    "staff": N_("Staff"),
}
"""Who sent a reading."""
