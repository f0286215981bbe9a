"""Staff: invited, signed in by password and second factor, disabled; inside a transaction that the caller commits.

Whoever calls what takes a password holds a place of the hashing bulkhead. What must survive a refusal comes back as a
result; the edge tells it after the commit.
"""

from services.identity.operations.staff.authenticator import Offer, Renewed, offer, offered, take_offer
from services.identity.operations.staff.joining import Accepted, accept
from services.identity.operations.staff.lists import choose_columns, drop_filter, keep_filter, rename_filter
from services.identity.operations.staff.members import (
    Invited,
    change_password,
    disable,
    enable,
    invite,
    renew_invitation,
    renew_recovery_codes,
    reset_all,
    reset_password,
    reset_second_factor,
)
from services.identity.operations.staff.sessions import (
    StaffOnline,
    end_other_sessions,
    end_session,
    resolve,
)
from services.identity.operations.staff.sign_in import (
    Held,
    Refused,
    SignedIn,
    begin,
    enter_code,
    step_up,
)

__all__ = [
    "Accepted",
    "Held",
    "Invited",
    "Offer",
    "Refused",
    "Renewed",
    "SignedIn",
    "StaffOnline",
    "accept",
    "begin",
    "change_password",
    "choose_columns",
    "disable",
    "drop_filter",
    "enable",
    "end_other_sessions",
    "end_session",
    "enter_code",
    "invite",
    "keep_filter",
    "offer",
    "offered",
    "rename_filter",
    "renew_invitation",
    "renew_recovery_codes",
    "reset_all",
    "reset_password",
    "reset_second_factor",
    "resolve",
    "step_up",
    "take_offer",
]
