"""After the faults: run dry, read everything one last time, and judge."""

import time
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from core.db import Database
from services.ledger.chart import Source
from tests.faults.checker import Entry, History, Message, Order, judge
from tests.faults.clients import OWED_MINOR, Customer, Recorder, grants_of
from tests.faults.deployment import Deployment
from tests.support.processes import environment_of, wattline

SETTLED_S: Final = 5
"""A call that began this long ago has ended: in a hurry it counts as lost."""

UNDONE: Final = """
select 'outbox' as what, count(*) as number from outbox
union all select 'callbacks', count(*) from inbox where applied_at is null
union all select 'messages', count(*) from message where channel = 'sms' and state in ('pending', 'sending', 'unknown')
"""

HURRY: Final = (
    "update outbox set due_at = now() where due_at > now()",
    "update inbox set due_at = now() where applied_at is null and due_at > now()",
    "update idempotency set leased_until = now() where leased_until > now()",
    """update payment_attempt set next_check_at = now()
       where state in ('created', 'prepared', 'pending', 'unknown') and next_check_at > now()""",
    """update message set due_at = now() where due_at > now() and (state = 'pending' or state in ('sending', 'unknown')
         and lease_token in (select id from message_attempt where started_at < now() - :settled))""",
    """update message_attempt set started_at = now() - interval '61 seconds'
       where started_at between now() - interval '61 seconds' and now() - :settled""",
)
"""What the passing of a few minutes does to everything that waits."""


def hurry(deployment: Deployment) -> None:
    """Let time pass for whatever waits for a lease, a schedule or a grace period to end."""
    with psycopg.connect(deployment.servers.dsn("postgres"), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # attempts of messages are append-only
        for statement in HURRY:
            connection.execute(statement.replace(":settled", f"interval '{SETTLED_S} seconds'").encode())


@dataclass(frozen=True)
class Verdict:
    """What was found, and the figures of the run."""

    breaches: list[str]
    figures: dict[str, Any]
    history: History


def undone(deployment: Deployment) -> dict[str, int]:
    """What still waits, by queue; a payment that the provider has taken and we have not booked is one of these."""
    with psycopg.connect(deployment.owner_dsn) as connection:
        waiting: dict[str, int] = dict(connection.execute(UNDONE.encode()).fetchall())
        booked = {
            number for (number,) in connection.execute("select out_trade_no from payment_attempt where state = 'paid'")
        }
    taken = {order["out_trade_no"] for order in deployment.sandbox.orders() if order["state"] == "SUCCESS"}
    return {what: number for what, number in {**waiting, "payments": len(taken - booked)}.items() if number}


def run_dry(deployment: Deployment, *, limit_s: float, in_a_hurry: bool) -> float:
    """Wait until nothing waits; answers how many seconds that took. Fails for liveness."""
    begun = time.monotonic()
    while left := undone(deployment):
        assert time.monotonic() - begun < limit_s, f"not run dry after {limit_s} s: {left}"
        deployment.supervise()
        if in_a_hurry:
            hurry(deployment)
        time.sleep(1)
    return time.monotonic() - begun


def read_history(deployment: Deployment, recorder: Recorder, customers: list[Customer]) -> History:
    """Everything that was recorded by clients, provider and ledger."""
    history = History(operations=recorder.operations, grants=grants_of(customers))
    payer_of = {
        op.payment: op.client.partition(".")[0]
        for op in recorder.operations
        if op.kind == "start" and op.payment is not None
    }
    history.recipients = {payment: {payer} for payment, payer in payer_of.items()}
    history.opening = {customer.account_no: OWED_MINOR for customer in customers}
    shown = {token: payment for payment, token in recorder.tokens.items()}
    with psycopg.connect(deployment.owner_dsn) as connection:
        ours: dict[str, str] = dict(
            connection.execute(
                """select a.out_trade_no, o.payment_no from payment_attempt a join payment_order o on o.id = a.order_id"""
            ).fetchall()
        )
        for number, state in connection.execute("select payment_no, state from payment_order"):
            history.statuses[number] = "waiting" if state == "open" else state
        history.entries = _entries(connection, ours)
        stored = connection.execute(
            """select a.account_no, l.balance from account a join book b on b.owner_kind = 'account' and b.owner_id = a.id
               join balance l on l.book_id = b.id join ledger_code c on c.code = l.code where c.name = 'receivable'"""
        )
        history.balances = dict(stored.fetchall())
        asked = connection.execute("select attempt_id::text from message_finding where finding = 'not_found'")
        not_found = {attempt for (attempt,) in asked}
    for order in deployment.sandbox.orders():
        number = order["out_trade_no"]
        payment = shown.get(order["token"]) or ours.get(number, f"unknown order {number}")
        history.orders.append(Order(number, payment, order["amount"], order["state"] == "SUCCESS"))
    for customer in customers:
        for message in deployment.sandbox.messages(customer.phone):
            if message["template"] != "payment_receipt":
                continue
            reference = message["out_id"]
            history.messages.append(Message(message["params"]["payment_no"], customer.name, "sms", reference))
            if message["answer_dropped"] and reference in not_found:
                history.unknowable.add(reference)
    return history


def _entries(connection: psycopg.Connection[Any], ours: dict[str, str]) -> list[Entry]:
    rows = connection.execute(
        """select coalesce(a.account_no, b.owner_kind || ' ' || b.owner_id) as book, t.no, p.amount, p.credit_after,
             pa.out_trade_no, extract(epoch from t.recorded_at)::float8 as recorded
           from txn t join posting p on p.book_id = t.book_id and p.no = t.no
           join ledger_code c on c.code = p.credit and c.name = 'receivable'
           join book b on b.id = t.book_id left join account a on b.owner_kind = 'account' and a.id = b.owner_id
           left join payment_attempt pa on pa.id = t.source_id
           where t.source = %s""",
        [Source.PAYMENT.value],
    )
    return [
        Entry(book, no, ours.get(number, "?"), number or "?", amount, after, recorded)
        for book, no, amount, after, number, recorded in rows
    ]


def broken_rules(deployment: Deployment) -> list[str]:
    """What `wattline check-invariants` finds."""
    done = wattline(environment_of(deployment.settings), "check-invariants")
    return [] if done.returncode == 0 else [f"check-invariants: {done.stdout}{done.stderr}"]


def judged(deployment: Deployment, recorder: Recorder, customers: list[Customer]) -> Verdict:
    """Every breach of what was promised, by the checker, by the domains' own invariants, and by the clients' complaints."""
    history = read_history(deployment, recorder, customers)
    taken = sum(order.amount for order in history.orders if order.is_paid)
    db = Database(deployment.settings.database_url.get_secret_value())
    try:
        with db.read() as session:
            cleared = session.sql(
                """select coalesce(sum(l.balance), 0) from balance l join ledger_code c on c.code = l.code
                   where c.name = 'clearing.wechat_pay'"""
            ).scalar_one()
            suspended = session.sql("select count(*) from payment_suspense").scalar_one()
            doubled = session.sql(
                """select count(*) from (select owner, intent, channel from message
                     group by owner, intent, channel having count(*) > 1) twice"""
            ).scalar_one()
    finally:
        db.close()
    breaches = [*judge(history), *broken_rules(deployment), *recorder.trouble]
    if cleared != taken:
        breaches.append(f"clearing is {cleared}, the provider took {taken}")
    if suspended:
        breaches.append(f"{suspended} amounts lie in suspense")
    if doubled:
        breaches.append(f"{doubled} messages are queued twice")
    told = {message.reference for message in history.messages}
    figures = {
        "payments": len(history.statuses),
        "paid at the provider": sum(order.is_paid for order in history.orders),
        "taken (fen)": taken,
        "entries": len(history.entries),
        "receipts counted at the provider": len(told),
        "unknowable messages": sorted(history.unknowable),
        "operations": dict(sorted(recorder.outcomes.items())),
    }
    return Verdict(breaches, figures, history)
