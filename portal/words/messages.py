"""Words for messages and what became of them."""

from typing import Final

from portal.words.mark import N_

MESSAGES: Final = {
    "account_linked": N_("Account linked"),
    "access_invited": N_("Invitation to an account"),
    "access_accepted": N_("Invitation accepted"),
    "access_ended": N_("Access ended"),
    "access_ended_with_holder": N_("Access ended by a new holder"),
    "bill_ready": N_("Bill ready"),
    "payment_receipt": N_("Payment receipt"),
    "device_signed_out_for_safety": N_("Device signed out for safety"),
    "device_signed_out": N_("Device signed out"),
    "wechat_joined": N_("WeChat joined"),
    "data_export_taken": N_("Copy of data taken"),
    "own_reading_accepted": N_("Own reading taken"),
    "own_reading_refused": N_("Own reading not taken"),
}
STATES: Final = {
    "pending": N_("Waiting"),
    "sending": N_("Being sent"),
    "unknown": N_("Unknown"),
    "accepted": N_("Accepted"),
    "delivered": N_("Delivered"),
    "undelivered": N_("Not delivered"),
    "expired": N_("Too late"),
    "suppressed": N_("Not wanted"),
    "dead": N_("Given up"),
}
FINDINGS: Final = {
    "accepted": N_("Accepted"),
    "delivered": N_("Delivered"),
    "failed": N_("Failed"),
    "retry": N_("To be tried again"),
    "throttle": N_("Too many at once"),
    "auth": N_("We were not let in"),
    "reject": N_("Refused by the provider"),
    "unknown": N_("Unknown"),
    "not_found": N_("The provider knows nothing of it"),
}
