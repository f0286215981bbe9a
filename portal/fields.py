"""What fields of forms are called, for the page that lists the wrong ones when their form cannot be shown again."""

from collections.abc import Callable, Sequence
from typing import Final

from web.problems.common import WrongField

Speak = Callable[[str], str]
UNSEEN: Final = (
    *("account", "after", "amount_minor", "back", "column", "csrf", "grant", "key", "next", "of_list", "once", "query"),
    *("form", "refund", "text_version", "ticket", "to", "version", "was"),
)
"""Fields that nobody fills in."""


def words(_: Speak) -> dict[str, str]:
    """The name of every field of every form, by what it is sent as."""
    unseen = _("What the page keeps to itself")
    return (
        dict.fromkeys(UNSEEN, unseen)
        | _of_tariffs(_)
        | {
            "about": _("About"),
            "account_no": _("Account number"),
            "account_nos": _("Account numbers"),
            "act": _("Act"),
            "all": _("All accounts"),
            "amount": _("Amount"),
            "code": _("Code"),
            "contact_by": _("Contact wish"),
            "count": _("How many are these?"),
            "current": _("Current password"),
            "day": _("From which day on"),
            "display_name": _("What they are called"),
            "document": _("Document that shows it"),
            "email": _("E-mail"),
            "ev_charger": _("Charging pile"),
            "events": _("Events"),
            "field": _("What is corrected"),
            "generator": _("Own generator"),
            "heat_pump": _("Heat pump"),
            "hidden": _("What is shown"),
            "household_size": _("People in the household"),
            "kind": _("What"),
            "last_day": _("Last day"),
            "level": _("Level"),
            "locale": _("Language"),
            "method": _("Payment method"),
            "name": _("Name"),
            "name_character": _("One character of the name"),
            "no_email": _("Take the e-mail address back"),
            "note": _("Note"),
            "of": _("Class"),
            "part": _("Name contains"),
            "password": _("Password"),
            "phone": _("Telephone"),
            "photo": _("Picture of the meter"),
            "proof": _("Kind of proof"),
            "proof_value": _("Proof"),
            "q": _("Search"),
            "reading": _("What it shows now"),
            "reason": _("Why"),
            "register_key": _("What you read"),
            "role": _("Role"),
            "scope": _("What they see"),
            "shown": _("Columns"),
            "since": _("From"),
            "solar": _("Solar power"),
            "state": _("State"),
            "storage": _("Battery storage"),
            "sum": _("Sums"),
            "text": _("Note"),
            "unit": _("Unit"),
            "until": _("Until"),
            "url": _("Address"),
            "value": _("The right value"),
            "way": _("What is to happen"),
            "what": _("What"),
            "which": _("Which messages"),
            "who": _("Who"),
            "why": _("Why"),
        }
    )


def _of_tariffs(_: Speak) -> dict[str, str]:
    return {
        "adders": _("Added in each tier"),
        "bounds": _("Limits in kWh a month"),
        "counts_as": _("Counts as"),
        "cycle": _("Tiers"),
        "default_period": _("Period at all other times"),
        "demand_mode": _("Demand charge"),
        "demand_price": _("Price of demand"),
        "export_price": _("For each exported kWh"),
        "extra_kwh": _("Extra kWh a month"),
        "fixed_amount": _("Amount"),
        "fixed_code": _("Fixed charge"),
        "fixed_per": _("Each"),
        "floor_ratio": _("At least this part of the capacity"),
        "fund_code": _("On every kWh"),
        "fund_rate": _("Price"),
        "ends_on": _("Up to, not including"),
        "holds_from": _("Holds from"),
        "holds_to": _("Up to, not including"),
        "holiday": _("Name of the day"),
        "household_mode": _("What the extra raises"),
        "is_correction": _("Correction"),
        "lines": _("How lines are made"),
        "max_c": _("Degrees Celsius"),
        "month": _("Month"),
        "min_persons": _("Extra from so many persons on"),
        "late_fee": _("Of what is due, for each day (0.001)"),
        "late_fee_cap": _("At most this part of what is due"),
        "late_fee_minimum": _("At least"),
        "late_fee_next_year": _("On days of a later year"),
        "on": _("Day"),
        "over_multiplier": _("Above that, times"),
        "over_ratio": _("Tolerated up to (1.05)"),
        "place": _("Place"),
        "power_factor": _("Power-factor adjustment"),
        "price": _("Price"),
        "price_period": _("Period"),
        "rate": _("Rate (JSON of URDB)"),
        "rounding_mode": _("Mode"),
        "rounding_stage": _("What is rounded"),
        "tariff_class": _("For whom"),
        "tax_rate": _("Tax on the net (0.13)"),
        "valid_from": _("Holds from"),
        "valid_to": _("Up to, not including"),
        "window_days": _("Days"),
        "window_from": _("From"),
        "window_months": _("Months"),
        "window_period": _("Period"),
        "window_to": _("Until"),
    }


def listed(_: Speak, wrong: Sequence[WrongField]) -> list[tuple[str, str]]:
    """Each wrong field by its name, and what to do about it; what no form of ours has is nobody's to correct."""
    known = words(_)
    return [(known[each.name], _advice(_, each)) for each in wrong if each.name in known]


def _advice(_: Speak, wrong: WrongField) -> str:
    match wrong.why:
        case "string_too_long" if wrong.most is not None:
            return _("Too long: write at most %(most)s characters.") % {"most": wrong.most}
        case "missing":
            return _("Missing: fill it in, or choose something.")
        case "no_text":
            return _("Holds characters that cannot be written: type it anew.")
        case _:
            return _("Not one of the choices: choose again on the page.")
