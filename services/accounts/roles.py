"""What staff may be allowed, and the roles that bundle it: the one place that says what each permission means.

The database decides by its own copy of ROLES (`staff_role_permission`), which a migration changes; a test compares
both. A permission is held in units: those of a grant and everything below them.
"""

import enum
from collections.abc import Mapping
from typing import Final


class StaffPermission(enum.StrEnum):
    """One thing that a member of staff may do, in the units of their grants."""

    ACCOUNTS_VIEW = "accounts.view"
    """Find accounts and customers, and read what concerns them; personal data masked."""

    ACCOUNTS_REVEAL = "accounts.reveal"
    """See a telephone number or a door in clear, for a reason that is kept."""

    ACCOUNTS_NOTE = "accounts.note"
    """Write notes about a customer."""

    ACCOUNTS_EDIT = "accounts.edit"
    """Write down what a customer tells of an account."""

    ACCOUNTS_CORRECT = "accounts.correct"
    """Ask for a correction of locked data."""

    ACCOUNTS_APPROVE = "accounts.approve"
    """Decide what somebody else asks to correct."""

    ACCOUNTS_VIEW_AS = "accounts.view_as"
    """See the portal as a customer sees it, without being able to do anything there."""

    PAYMENTS_VIEW = "payments.view"
    """Read payments with their attempts, callbacks and postings."""

    PAYMENTS_CHECK = "payments.check"
    """Ask a provider at once how a payment stands."""

    PAYMENTS_REVEAL = "payments.reveal"
    """See what a provider wrote of a payment in clear, for a reason that is kept."""

    SUSPENSE_VIEW = "suspense.view"
    """Read money that came and has no place."""

    SUSPENSE_ASSIGN = "suspense.assign"
    """Say where such money belongs."""

    SUSPENSE_RETURN = "suspense.return"
    """Send such money back to whoever paid it."""

    SUSPENSE_APPROVE = "suspense.approve"
    """Decide what somebody else asks to do with such money."""

    IMPORTS_VIEW = "imports.view"
    """Read reports of imports with the rows that were refused."""

    IMPORTS_SIGN_OFF = "imports.sign_off"
    """Stand for the totals of a dry run, so that its file is loaded."""

    METERING_VIEW = "metering.view"
    """Read meter readings, with what waits in quarantine and what was estimated."""

    METERING_DECIDE = "metering.decide"
    """Accept, discard and estimate readings, for a reason that is kept."""

    TARIFFS_VIEW = "tariffs.view"
    """Read tariffs with all their versions."""

    TARIFFS_EDIT = "tariffs.edit"
    """Draft versions of tariffs, and ask for their publication."""

    TARIFFS_APPROVE = "tariffs.approve"
    """Decide what somebody else asks to publish."""

    STAFF_VIEW = "staff.view"
    """See who works here, with which grants."""

    STAFF_MANAGE = "staff.manage"
    """Invite, disable and enable staff, grant and revoke what one holds oneself."""

    STAFF_APPROVE = "staff.approve"
    """Decide what somebody else asks to do with staff."""

    AUDIT_VIEW = "audit.view"
    """Read and export the audit log."""

    HEALTH_VIEW = "health.view"
    """See how the whole deployment is doing."""

    WEBHOOKS_MANAGE = "webhooks.manage"
    """Say which programs are told of what happens to accounts, and tell them again."""


class StaffRole(enum.StrEnum):
    """A role that a grant names."""

    AGENT = "agent"
    FINANCE = "finance"
    AUDITOR = "auditor"
    MANAGER = "manager"
    ADMIN = "admin"


_P = StaffPermission
_AGENT: Final = frozenset(
    {
        _P.ACCOUNTS_VIEW,
        _P.ACCOUNTS_REVEAL,
        _P.ACCOUNTS_NOTE,
        _P.ACCOUNTS_EDIT,
        _P.ACCOUNTS_CORRECT,
        _P.ACCOUNTS_VIEW_AS,
        _P.PAYMENTS_VIEW,
        _P.PAYMENTS_CHECK,
        _P.METERING_VIEW,
        _P.METERING_DECIDE,
        _P.TARIFFS_VIEW,
    }
)
_FINANCE: Final = frozenset(
    {
        _P.ACCOUNTS_VIEW,
        _P.PAYMENTS_VIEW,
        _P.PAYMENTS_CHECK,
        _P.PAYMENTS_REVEAL,
        _P.SUSPENSE_VIEW,
        _P.SUSPENSE_ASSIGN,
        _P.SUSPENSE_RETURN,
        _P.SUSPENSE_APPROVE,
        _P.IMPORTS_VIEW,
        _P.IMPORTS_SIGN_OFF,
    }
)
_AUDITOR: Final = frozenset(
    {
        _P.ACCOUNTS_VIEW,
        _P.PAYMENTS_VIEW,
        _P.SUSPENSE_VIEW,
        _P.IMPORTS_VIEW,
        _P.METERING_VIEW,
        _P.TARIFFS_VIEW,
        _P.STAFF_VIEW,
        _P.AUDIT_VIEW,
    }
)

ROLES: Final[Mapping[StaffRole, frozenset[StaffPermission]]] = {
    StaffRole.AGENT: _AGENT,
    StaffRole.FINANCE: _FINANCE,
    StaffRole.AUDITOR: _AUDITOR,
    StaffRole.MANAGER: _AGENT
    | _FINANCE
    | _AUDITOR
    | {_P.ACCOUNTS_APPROVE, _P.TARIFFS_EDIT, _P.TARIFFS_APPROVE, _P.STAFF_MANAGE, _P.STAFF_APPROVE},
    StaffRole.ADMIN: frozenset(StaffPermission),
}

APPROVING: Final = frozenset(each for each in StaffPermission if each.value.endswith(".approve"))
"""Permissions to decide what somebody else asks for; the database knows them by the same ending."""

NEEDS_SECOND_PERSON: Final = frozenset(role for role, permissions in ROLES.items() if permissions & APPROVING)
"""Roles that one person alone cannot grant: whoever could, could make the second person of all that takes two."""
