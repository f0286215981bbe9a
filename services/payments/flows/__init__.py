"""Work around calls of a provider, and what providers call."""

from services.payments.flows.assigning import Placed, assign_many
from services.payments.flows.callbacks import (
    apply_stored_callbacks,
    count_refusal,
    read_with_new_keys,
    receive_notice,
    take_notices,
)
from services.payments.flows.feed import number_feed
from services.payments.flows.paying import (
    Again,
    Asked,
    Started,
    check_attempt,
    check_due,
    check_payment,
    close_attempt,
    give_up_payment,
    look_into,
    refresh_keys,
    retry_payment,
    start_payment,
)
from services.payments.flows.returning import check_refund, check_refunds_due

__all__ = [
    "Again",
    "Asked",
    "Placed",
    "Started",
    "apply_stored_callbacks",
    "assign_many",
    "check_attempt",
    "check_due",
    "check_payment",
    "check_refund",
    "check_refunds_due",
    "close_attempt",
    "count_refusal",
    "give_up_payment",
    "look_into",
    "number_feed",
    "read_with_new_keys",
    "receive_notice",
    "refresh_keys",
    "retry_payment",
    "start_payment",
    "take_notices",
]
