"""Writes of payments, each inside the transaction it is given."""

from services.payments.operations.assigning import ASSIGN_SUSPENSE, AssignSuspense, assign, assignable
from services.payments.operations.booking import Applied, Effect, apply_provider_result
from services.payments.operations.callbacks import (
    TAKE_NOTICES,
    Heard,
    apply_stored,
    count_refusal,
    learn_keys,
    plainly_paid,
    receive_notice,
    take_params,
)
from services.payments.operations.checks import (
    circuit_wait_s,
    claim_due,
    claim_one,
    close_at_change_of_holder,
    close_outdated,
    give_up,
    keep_keys,
    note_answer,
    note_failure,
    put_off,
)
from services.payments.operations.feeding import note_reversal, number_feed
from services.payments.operations.looking import Shown, claim_question, reveal_callback
from services.payments.operations.orders import (
    Wanted,
    add_attempt,
    keep_answer,
    keep_doubt,
    keep_refusal,
    open_order,
    open_request,
    provider_for,
)
from services.payments.operations.personal import Payments
from services.payments.operations.quotes import Quote, QuoteResult, purge_failures, purge_quotes, quote_for_others

__all__ = [
    "ASSIGN_SUSPENSE",
    "TAKE_NOTICES",
    "Applied",
    "AssignSuspense",
    "Effect",
    "Heard",
    "Payments",
    "Quote",
    "QuoteResult",
    "Shown",
    "Wanted",
    "add_attempt",
    "apply_provider_result",
    "apply_stored",
    "assign",
    "assignable",
    "circuit_wait_s",
    "claim_due",
    "claim_one",
    "claim_question",
    "close_at_change_of_holder",
    "close_outdated",
    "count_refusal",
    "give_up",
    "keep_answer",
    "keep_doubt",
    "keep_keys",
    "keep_refusal",
    "learn_keys",
    "note_answer",
    "note_failure",
    "note_reversal",
    "number_feed",
    "open_order",
    "open_request",
    "plainly_paid",
    "provider_for",
    "purge_failures",
    "purge_quotes",
    "put_off",
    "quote_for_others",
    "receive_notice",
    "reveal_callback",
    "take_params",
]
