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
from services.accounts.operations.personal import Access, Holder, erase_holder, lock_holder
from services.accounts.operations.programs import give_program_units
from services.accounts.operations.serving import Hidden, reason_to_reveal, reveal, write_note
from services.accounts.operations.staff import (
    check_manages,
    grant_role,
    grantable_unit,
    note_audit_export,
    note_staff_refusal,
    revoke_role,
)

__all__ = [
    "Access",
    "AccountsLoader",
    "Evidence",
    "Hidden",
    "Holder",
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
    "check_manages",
    "decline",
    "erase_holder",
    "give_program_units",
    "give_up_access",
    "grant_access",
    "grant_role",
    "grantable_unit",
    "invite",
    "link_account",
    "lock_holder",
    "note_audit_export",
    "note_staff_refusal",
    "purge_invitations",
    "purge_link_failures",
    "reason_to_reveal",
    "record_last_bills",
    "reveal",
    "revoke_access",
    "revoke_grant",
    "revoke_role",
    "show_amounts",
    "withdraw",
    "write_note",
]
