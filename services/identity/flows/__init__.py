"""Work of identity around outside calls, and the sign-ins whose evidence outlives a refusal."""

from services.identity.flows.codes import (
    CodePolicy,
    CodeRequested,
    Tokens,
    refresh,
    request_code,
    sign_in,
    sign_in_browser,
)
from services.identity.flows.privacy import ask_erasure, erase_due, make_exports, request_own_code, take_export
from services.identity.flows.wechat import (
    BrowserMet,
    DeviceAsking,
    add_wechat,
    meet_browser,
    payer_of_code,
    sign_in_browser_by_wechat,
    sign_in_by_wechat,
)

__all__ = [
    "BrowserMet",
    "CodePolicy",
    "CodeRequested",
    "DeviceAsking",
    "Tokens",
    "add_wechat",
    "ask_erasure",
    "erase_due",
    "make_exports",
    "meet_browser",
    "payer_of_code",
    "refresh",
    "request_code",
    "request_own_code",
    "sign_in",
    "sign_in_browser",
    "sign_in_browser_by_wechat",
    "sign_in_by_wechat",
    "take_export",
]
