"""Writes of accounts, each inside the transaction it is given."""

from services.accounts.models import Role, Scope
from services.accounts.operations.delegation import (
    Terms,
    accept,
    decline,
    invite,
    purge_invitations,
    withdraw,
)
from services.accounts.operations.grants import (
    Evidence,
    LastBill,
    LastBillAmount,
    LinkOutcome,
    LinkResult,
    MeterNumber,
    give_up_access,
    grant_access,
    link_account,
    purge_link_failures,
    record_last_bills,
    revoke_access,
    revoke_grant,
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
    "Scope",
    "Terms",
    "UnitsLoader",
    "accept",
    "decline",
    "give_up_access",
    "grant_access",
    "invite",
    "link_account",
    "purge_invitations",
    "purge_link_failures",
    "record_last_bills",
    "revoke_access",
    "revoke_grant",
    "show_amounts",
    "withdraw",
]
