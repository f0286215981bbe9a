"""Writes of accounts, each inside the transaction it is given."""

from services.accounts.models import Role
from services.accounts.operations.grants import (
    Evidence,
    LastBill,
    LastBillAmount,
    LinkOutcome,
    LinkResult,
    MeterNumber,
    grant_access,
    link_account,
    purge_link_failures,
    record_last_bills,
    revoke_access,
    show_amounts,
)
from services.accounts.operations.importing import AccountsLoader, UnitsLoader

__all__ = [
    "AccountsLoader",
    "Evidence",
    "LastBill",
    "LastBillAmount",
    "LinkOutcome",
    "LinkResult",
    "MeterNumber",
    "Role",
    "UnitsLoader",
    "grant_access",
    "link_account",
    "purge_link_failures",
    "record_last_bills",
    "revoke_access",
    "show_amounts",
]
