"""Words of tariffs: what can be done about faults of their documents, and why a line of a price is there."""

from typing import Final

from portal.words.mark import N_

FAULTS: Final = {
    "adders_count": N_("Give one adder more than there are limits: the first tier has one too."),
    "amount_too_large": N_("The amount does not fit: look for a use or a price with too many digits."),
    "coverage_gap": N_("Name a period for all other times, or let the windows cover this part of the day."),
    "currency_differs": N_("Use the currency of the tariff."),
    "currency_unknown": N_("Use a code of ISO 4217 in capitals, such as CNY."),
    "date_order": N_("Put the days in order, each once, within the month."),
    "decimals_too_many": N_("Round to at most 8 decimals."),
    "duplicate_code": N_("Give each line a code of its own, and none of the engine's."),
    "fact_missing": N_("State this fact of the account: the tariff asks for it."),
    "field_missing": N_("Missing: fill it in."),
    "field_unknown": N_("Remove this field, or correct its name."),
    "fields_exclusive": N_("Keep one of these fields: they say the same in two ways."),
    "file_unreadable": N_("The file cannot be read: look whether it is whole."),
    "interval_too_long": N_("The meter is read in intervals longer than those that have a price."),
    "limits_increments": N_("Give limits as sums from zero, rising; these look like widths of tiers."),
    "limits_order": N_("Put the limits in rising order, all above zero."),
    "month_missing": N_("Let one of the seasons have this month."),
    "month_overlap": N_("Let each month stand in one season only."),
    "no_energy": N_("This tariff prices no energy."),
    "not_a_choice": N_("Use one of the values that there are for this field."),
    "not_a_code": N_("Write a code of small letters, digits and _, beginning with a letter, such as fund_water."),
    "not_a_date": N_("Write a day as 2026-12-31."),
    "not_a_month": N_(
        "Write months by their numbers, such as 7-9, 12; those around the new year as two runs, such as 11-12, 1-2."
    ),
    "not_a_number": N_("Write a plain decimal number such as 0.5469: no exponent, no sign but minus."),
    "not_a_time": N_("Write a time of day on a quarter of an hour, from 00:00 to 24:00."),
    "not_a_line": N_("Write it in one line of characters that are seen: no line breaks, no marks of direction."),
    "not_found": N_("The file is not there, or holds no row of this meter."),
    "nothing_priced": N_("Give prices of electricity, or a late fee."),
    "number_out_of_range": N_("Use a number within the bounds of this field."),
    "one_period_a_month": N_(
        "A line for each tier wants one price at all times: add the tiers to prices by time of day instead."
    ),
    "period_unknown": N_("Use a period that has a price."),
    "period_unused": N_("Let a window name this period, or remove its price."),
    "places_too_many": N_("Round to no more places than the currency has."),
    "price_failed": N_("Look at the account's readings and facts: something in them cannot be reckoned with."),
    "ratio_missing": N_("Give a ratio for each period, also for those at 1."),
    "segment_gap": N_("Let the segments leave out no power factor from 0.00 to 1.00."),
    "segment_overlap": N_("Let each power factor lie in one segment only."),
    "slot_price_missing": N_("Load the prices of these intervals."),
    "structure_unsupported": N_("The format cannot say this: price it by another document."),
    "too_long": N_("Shorten this."),
    "too_many": N_("Use fewer entries."),
    "window_inverted": N_("Let a window end after it begins; split one that passes midnight."),
    "wrong_type": N_("Use the type that the format names for this field."),
    "zone_differs": N_("Use the supplier's time zone: its days are those of the meters."),
    "zone_missing": N_("Name the time zone in which the windows are meant."),
    "zone_unknown": N_("Use a name of the IANA time zone database, such as Asia/Shanghai."),
}
CLASSES: Final = {
    "residential": N_("Homes"),
    "commercial": N_("Trade"),
    "industrial": N_("Industry"),
    "agricultural": N_("Farming"),
    "any": N_("Everybody"),
}
DAY_KINDS: Final = {
    "holiday": N_("A public holiday"),
    "workday": N_("A workday"),
}
"""What a day counts as, whatever its weekday."""
DAYS: Final = {
    "workday": N_("Workdays"),
    "weekend": N_("Weekends"),
    "holiday": N_("Public holidays"),
    "hot": N_("Hot days"),
}
REASONS: Final = {
    "period": N_("%(period)s hours at their price"),
    "tier": N_("tier %(tier)s: what lies above %(above)s kWh"),
    "tier_adder": N_("added in tier %(tier)s, above %(above)s kWh"),
    "tier_adder_of_period": N_("added in tier %(tier)s in %(period)s hours, by their share"),
    "slots": N_("%(slots)s intervals, each at its own price"),
    "per_kwh": N_("on every kWh"),
    "fixed": N_("for each %(per)s"),
    "export": N_("for what was fed into the grid"),
    "credit": N_("up to %(most)s kWh free for %(flag)s"),
    "minimum": N_("up to the least charge of %(least)s"),
    "tax": N_("on what stands above"),
    "demand_capacity": N_("for the transformer's capacity"),
    "demand_actual": N_("the highest demand of the month"),
    "demand_contract": N_("contracted %(contract)s kW, measured %(measured)s kW, tolerated up to %(allowed)s kW"),
    "demand_over": N_("measured %(measured)s kW, above the tolerated %(allowed)s kW"),
    "demand_charge": N_("the highest demand, above %(above)s kW"),
    "power_factor": N_("power factor %(power_factor)s where %(standard)s is expected"),
}
"""Why a line of a price is there, by the codes of the engine; places are its facts."""
