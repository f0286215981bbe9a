"""Words for what is known of customers and their accounts, and for who may read it."""

from typing import Final

from portal.words.mark import N_

DATA: Final = {
    "name": N_("Name of the holder"),
    "use_class": N_("Use of the electricity"),
    "kind": N_("Person or business"),
    "address": N_("Address"),
    "district": N_("District"),
    "street": N_("Street"),
    "building": N_("Building"),
    "door": N_("Door"),
    "meter": N_("Meter"),
    "tariff": N_("Tariff"),
    "payment_mode": N_("Prepaid or billed"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "contact_by": N_("Contact wish"),
    "ev_charger": N_("Charger for a car"),
    "heat_pump": N_("Heat pump"),
    "solar": N_("Solar power"),
    "storage": N_("Battery storage"),
    "generator": N_("Generator of one's own"),
    "latest_bill": N_("A bill of the last 100 days"),
    "confirmation": N_("Details confirmed within two years"),
    "household_size": N_("People in the household"),
}
"""Fields of the catalogue, and the parts of an address by which staff correct one."""
CLASSES: Final = {
    "basic": N_("Basic"),
    "equipment": N_("Equipment"),
    "behaviour": N_("Behaviour"),
    "value": N_("Value"),
}
"""What fields of the catalogue are asked for."""
LEVELS: Final = {
    "1": N_("Locked"),
    "2": N_("Expected"),
    "3": N_("Optional"),
}
KINDS: Final = {
    "person": N_("Person"),
    "business": N_("Business"),
}
USES: Final = {
    "residential": N_("Homes"),
    "commercial": N_("Trade"),
    "industrial": N_("Industry"),
    "agricultural": N_("Farming"),
}
PAYMENT_MODES: Final = {
    "prepaid": N_("Prepaid"),
    "billed": N_("Billed"),
}
HIDDEN: Final = {
    "name": N_("Name of the holder"),
    "phone": N_("Telephone"),
    "door": N_("Door"),
}
ACCESS_ROLES: Final = {
    "owner": N_("Owner"),
    "payer": N_("Payer"),
    "viewer": N_("Viewer"),
}
ACCESS_SCOPES: Final = {
    "full": N_("Bills with all lines"),
    "totals": N_("Totals only"),
}
SECTIONS: Final = {
    "bills": N_("Bills"),
    "payments": N_("Payments"),
    "postings": N_("Postings"),
    "access": N_("Who has access"),
    "messages": N_("Messages"),
    "notes": N_("Notes"),
    "acts": N_("What was done"),
    "others": N_("Other accounts of this customer"),
}

EMPTY_SECTIONS: Final = {
    "bills": N_("No bill yet."),
    "payments": N_("Nothing was paid here yet."),
    "postings": N_("Nothing is booked yet."),
    "access": N_("Nobody has linked this account yet."),
    "messages": N_("Nothing was sent about this account."),
    "notes": N_("No note yet."),
    "acts": N_("Nothing was done here yet."),
    "others": N_("No other account in your units."),
}
ENTITLEMENTS: Final = {
    "persons": N_("People in the home"),
    "contract_kw": N_("Contract demand"),
    "transformer_kva": N_("Capacity of transformers"),
    "low_income": N_("Low income"),
    "flag": N_("Another entitlement"),
}
"""Kinds of entitlements; `flag` where the audit log does not say which. Those of one supplier are called as it does."""
