"""Codes are granted and checked, sessions opened, renewed and ended, inside a transaction that the caller commits.

What must survive a refusal comes back as a result; the edge turns it into an error after the commit.
"""

from services.identity.operations.clients import (
    ClientLimited,
    ClientRefused,
    IssuedSecret,
    ProvedClient,
    add_client,
    bind_client,
    disable_client,
    prove_client,
    rotate_secret,
)
from services.identity.operations.codes import (
    Challenge,
    CodeAccepted,
    CodeBurnt,
    CodeRefused,
    Exhausted,
    Limited,
    Withheld,
    choose_locale,
    grant_code,
    record_sending,
    register,
    verify_code,
)
from services.identity.operations.consents import give_consent, withdraw_consent
from services.identity.operations.erasing import Erased, ask_erasure, erase_next, withdraw_erasure
from services.identity.operations.exports import ask_export, make_next, purge_exports, take_export
from services.identity.operations.followers import note_follower
from services.identity.operations.limits import count_lookup, lookup_wait_s, network_key
from services.identity.operations.personal import Identity
from services.identity.operations.purging import Purged, purge_spent
from services.identity.operations.sessions import (
    OpenedSession,
    PortalSession,
    Reused,
    Rotated,
    UnknownToken,
    close_session,
    open_app_session,
    open_portal_session,
    refresh,
    resolve_portal_session,
    revoke_device,
    revoke_other_devices,
)
from services.identity.operations.wechat import add_wechat, admit_wechat, join_wechat, sign_in_wechat, unlink_wechat
from services.identity.rules import Limit

__all__ = [
    "Challenge",
    "ClientLimited",
    "ClientRefused",
    "CodeAccepted",
    "CodeBurnt",
    "CodeRefused",
    "Erased",
    "Exhausted",
    "Identity",
    "IssuedSecret",
    "Limit",
    "Limited",
    "OpenedSession",
    "PortalSession",
    "ProvedClient",
    "Purged",
    "Reused",
    "Rotated",
    "UnknownToken",
    "Withheld",
    "add_client",
    "add_wechat",
    "admit_wechat",
    "ask_erasure",
    "ask_export",
    "bind_client",
    "choose_locale",
    "close_session",
    "count_lookup",
    "disable_client",
    "erase_next",
    "give_consent",
    "grant_code",
    "join_wechat",
    "lookup_wait_s",
    "make_next",
    "network_key",
    "note_follower",
    "open_app_session",
    "open_portal_session",
    "prove_client",
    "purge_exports",
    "purge_spent",
    "record_sending",
    "refresh",
    "register",
    "resolve_portal_session",
    "revoke_device",
    "revoke_other_devices",
    "rotate_secret",
    "sign_in_wechat",
    "take_export",
    "unlink_wechat",
    "verify_code",
    "withdraw_consent",
    "withdraw_erasure",
]
