"""Writes of usage, inside a transaction that the caller commits."""

from services.usage.operations.aggregating import Written, aggregate
from services.usage.operations.following import (
    follow_again,
    follow_agreements,
    follow_readings,
    follow_versions,
    look_through,
    note_days_changed,
    note_entitlements_changed,
    note_published,
    note_slot_prices_changed,
)
from services.usage.operations.pricing import PricedMonth, PricedVersion, price_again, price_months, price_next
from services.usage.operations.trying import (
    ask_dry_run,
    claim_dry_run,
    compare_piece,
    purge_dry_runs,
    put_dry_run_off,
)

__all__ = [
    "PricedMonth",
    "PricedVersion",
    "Written",
    "aggregate",
    "ask_dry_run",
    "claim_dry_run",
    "compare_piece",
    "follow_again",
    "follow_agreements",
    "follow_readings",
    "follow_versions",
    "look_through",
    "note_days_changed",
    "note_entitlements_changed",
    "note_published",
    "note_slot_prices_changed",
    "price_again",
    "price_months",
    "price_next",
    "purge_dry_runs",
    "put_dry_run_off",
]
