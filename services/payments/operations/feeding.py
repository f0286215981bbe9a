"""The feed of payments: facts that were noted get their numbers, each once, in the order in which they are committed.

Triggers note a fact in the transaction that makes it. Numbers are given by one transaction at a time and without gaps,
to facts that are committed: whoever reads behind a number misses none, however late a transaction commits.
"""

from core.db import WriteSession, statement


def number_feed(session: WriteSession, *, most: int, accounts: int) -> int:
    """Number the next facts, at most `most`; answers how many rows it worked on, zero when nothing is left to do.

    What was booked before there was a feed is noted first, `accounts` accounts at a time, and counts as one. Zero also
    while another transaction is at it.
    """
    is_idle = session.sql(
        """select not exists (select from payment_feed_pending)
             and not exists (select from payment_feed_state where fill_from is not null)"""
    ).scalar_one()
    if is_idle:
        return 0
    state = session.sql(
        "select fill_from, fill_to from payment_feed_state where id = 1 for update skip locked"
    ).one_or_none()
    if state is None:
        return 0
    if state.fill_from is not None:
        _note_earlier(session, first=state.fill_from, last=state.fill_from + accounts - 1, end=state.fill_to)
        return 1
    taken: int = session.sql(statement(__package__, "feed_number.sql"), most=most).scalar_one()
    return taken


def _note_earlier(session: WriteSession, *, first: int, last: int, end: int) -> None:
    session.sql(
        """insert into payment_feed_pending (kind, ref, account_id)
           select 'booked', id, account_id from payment_part
           where account_id between :first and :last and outcome = 'booked'
           on conflict do nothing""",
        first=first,
        last=last,
    )
    session.sql(
        """update payment_feed_state set fill_from = case when fill_to > :last then cast(:last as bigint) + 1 end,
             fill_to = case when fill_to > :last then cast(:end as bigint) end where id = 1""",
        last=last,
        end=end,
    )
