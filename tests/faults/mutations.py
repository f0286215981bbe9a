"""Wrong versions of the product, each with the test that must notice: what our tests are worth.

Product code is changed in a process that has imported it, SQL in a copy of the template database. (Wrong versions of the posting
functions are in `tests/services/ledger/test_mutants.py`, by the dozen.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Code:
    """`standing` in a file is replaced by `wrong`."""

    file: str
    standing: str
    wrong: str
    noticed_by: str


@dataclass(frozen=True)
class Schema:
    """A statement that the database's owner runs."""

    statement: str
    noticed_by: str


@dataclass(frozen=True)
class Function:
    """`standing` in a SQL function is replaced by `wrong`."""

    name: str
    standing: str
    wrong: str
    noticed_by: str


MUTATIONS: Final[Mapping[str, Code | Schema | Function]] = {
    "a posting may be negative": Schema(
        "alter table posting drop constraint ck_posting_pair",
        "tests/services/ledger/test_guards.py::test_a_posting_that_is_not_a_pair_cannot_be_written_by_anyone",
    ),
    "a source may post to a book twice": Function(
        "ledger_post",
        "p_source_ids[1], p_effective_at[1], clock_timestamp())",
        "gen_random_uuid(), p_effective_at[1], clock_timestamp())",
        "tests/services/ledger/test_posting.py::test_a_repeated_source_answers_its_first_number_and_writes_nothing",
    ),
    "the signature of a callback is not verified": Code(
        "services/payments/providers/wechat_pay/signing.py",
        'raise NotProved("signature_wrong") from error',
        "return",
        "tests/routers/callbacks/test_wechat_pay.py::test_what_is_not_proved_is_refused_without_an_outside_call",
    ),
    "a callback of yesterday is taken": Code(
        "services/payments/providers/wechat_pay/signing.py",
        "WINDOW: Final = timedelta(seconds=300)",
        "WINDOW: Final = timedelta(days=5)",
        "tests/routers/callbacks/test_wechat_pay.py::test_a_signature_holds_for_less_than_five_minutes",
    ),
    "a callback is acknowledged before its commit": Code(
        "routers/callbacks/wechat_pay.py",
        """    if isinstance(heard, Notice) and await takes(Heard(source, heard, call.body, now)):
        return Response(status_code=204)
""",
        """    from functools import partial

    from starlette.background import BackgroundTask

    if isinstance(heard, Notice):
        work = partial(takes, Heard(source, heard, call.body, now))
        return Response(status_code=204, background=BackgroundTask(work))
""",
        "tests/faults/test_lost_commits.py::test_a_notice_whose_commit_never_arrived_is_not_acknowledged",
    ),
    "everybody has a grant": Function(
        "account_access",
        "and g.user_id = p_user",
        "",
        "tests/routers/accounts/test_endpoints.py::test_strangers_missing_accounts_and_revoked_grants_all_answer_404",
    ),
    "an event that is told twice makes two messages": Schema(
        """alter table message drop constraint uq_message_owner_intent_channel;
           drop index uq_message_intent_channel_address_blind""",
        "tests/notifications/test_messages.py::test_a_booked_payment_is_receipted_once_however_often_it_is_told",
    ),
    "the relay keeps what it has told": Code(
        "core/outbox.py",
        'session.sql("delete from outbox where id = :id", id=row.id)',
        "pass",
        "tests/core/test_outbox.py::test_a_fact_without_a_listener_is_let_go",
    ),
    "a code may be used again": Code(
        "services/identity/operations/codes.py",
        "set state = 'used' where id = :id",
        "set state = 'open' where id = :id",
        "tests/services/identity/test_codes.py::test_a_code_works_once",
    ),
    "a refresh token that comes back is let through": Code(
        "services/identity/rules.py",
        "    return Verdict.REUSED",
        "    return Verdict.JUST_ROTATED",
        "tests/services/identity/test_sessions.py::test_a_token_reused_after_the_grace_kills_the_whole_family",
    ),
    "the poller closes without asking again": Code(
        "services/payments/flows/paying.py",
        """    faults.point("payments.close.called")
    try:
        result = provider.query(attempt.out_trade_no)
""",
        """    faults.point("payments.close.called")
    try:
        result = ProviderResult(attempt.provider, attempt.out_trade_no, TradeState.CLOSED)
""",
        "tests/services/payments/test_flows.py::test_a_payment_made_while_it_is_being_closed_is_found_and_booked",
    ),
    "money of one merchant account books an attempt of another": Function(
        "payment_book_plain",
        "t.provider = p_provider and t.merchant = p_merchant",
        "t.provider = p_provider",
        "tests/services/payments/test_merchants.py::test_a_word_about_one_merchant_changes_no_attempt_of_another",
    ),
    "the surplus of a payment is dropped": Function(
        "payment_book_plain",
        "v_postings := case when v_owed in (0, p_amount) then 1 else 2 end;",
        "v_postings := 1; p_amount := case v_owed when 0 then p_amount else v_owed end;",
        "tests/services/payments/test_booking.py::test_the_oldest_bill_is_paid_first_and_the_surplus_is_prepaid",
    ),
}
