"""Judges a recorded history of payments under faults. Imports nothing of the product: it must not share its mistakes.

A history is what clients did (`Operation`), what the provider's books say (`Order`), what the ledger says (`Entry`,
`Balance`), the final state of each payment, the messages that were counted at the messaging provider, and who was
allowed to see what. `judge` returns every breach in words.

Outcomes follow Jepsen's convention: `ok` happened, `fail` did not, `unknown` (timeouts, resets, 5xx) happened once or
not at all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

STATUS_RANK: Final = {"waiting": 1, "pending": 1, "unknown": 1, "closed": 2, "failed": 2, "suspended": 3, "paid": 3}


@dataclass(frozen=True)
class Operation:
    """One request of one client. Times are of the machine's clock, in seconds, as are those of all records here."""

    client: str
    kind: Literal["start", "read_status", "read_balance"]
    key: str
    account: str
    begun: float
    ended: float
    outcome: Literal["ok", "fail", "unknown"]
    payment: str | None = None
    answer: str | None = None
    balance: int | None = None
    amount: int = 0


@dataclass(frozen=True)
class Order:
    """One order in the provider's own books."""

    out_trade_no: str
    payment: str
    amount: int
    is_paid: bool


@dataclass(frozen=True)
class Entry:
    """One booked transaction of a book: its number, the amount that it took off what is owed, and the balance after.

    `recorded` is before its commit: nobody can have seen it earlier.
    """

    book: str
    number: int
    payment: str
    out_trade_no: str
    amount: int
    balance_after: int
    recorded: float


@dataclass(frozen=True)
class Message:
    """One text that the messaging provider accepted."""

    payment: str
    recipient: str
    channel: str
    reference: str


@dataclass(frozen=True)
class Grant:
    """From when until when a client may see an account."""

    client: str
    account: str
    begun: float
    ended: float


@dataclass
class History:
    """Everything that was recorded, after faults ended and queues ran dry."""

    operations: list[Operation] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    opening: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    unknowable: set[str] = field(default_factory=set)
    """References of messages whose accepted answer the provider dropped and which nobody could find again."""
    grants: list[Grant] = field(default_factory=list)
    recipients: dict[str, set[str]] = field(default_factory=dict)


def judge(history: History) -> list[str]:
    """Every breach of what was promised; empty means that the history is good."""
    return sorted(
        {
            *_effects(history),
            *_nobody_elses_idea(history),
            *_one_effect_per_key(history),
            *_books_replay(history),
            *_reads_see_prefixes(history),
            *_statuses_only_advance(history),
            *_provider_agrees(history),
            *_messages_once(history),
            *_nothing_without_grant(history),
        }
    )


def _effects(history: History) -> Iterator[str]:
    """ok = the payment exists, fail = it does not, unknown = at most one per key."""
    for op in history.operations:
        if op.kind != "start":
            continue
        exists = op.payment is not None and op.payment in history.statuses
        if op.outcome == "ok" and not exists:
            yield f"lost: {op.client} was told that {op.payment} began, and it is not there"
        if op.outcome == "fail" and exists:
            yield f"ghost: {op.client} was refused, and {op.payment} is there"


def _nobody_elses_idea(history: History) -> Iterator[str]:
    """Every payment was asked for by one key, and its payer can look at it.

    A payment that nobody was told of is the trace of a request that was refused after its order was made: it has
    failed, and nobody can pay it.
    """
    askers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for op in history.operations:
        if op.kind == "start" and op.payment is not None:
            askers[op.payment].add((op.client, op.key))
        if op.kind == "read_status" and op.outcome == "fail" and op.payment in history.statuses and _may(history, op):
            yield f"hidden: {op.client} was told that {op.payment} is not there"
    for payment, status in history.statuses.items():
        if not askers[payment] and status != "failed":
            yield f"stray payment: nobody was told of {payment}, which is {status}"
        if len(askers[payment]) > 1:
            yield f"shared: {payment} answers {sorted(askers[payment])}"


def _one_effect_per_key(history: History) -> Iterator[str]:
    payments: dict[tuple[str, str], set[str]] = defaultdict(set)
    answers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for op in history.operations:
        if op.kind == "start" and op.payment is not None:
            payments[op.client, op.key].add(op.payment)
            if op.outcome == "ok" and op.answer is not None:
                answers[op.client, op.key].add(op.answer)
    for (client, key), made in payments.items():
        if len(made) > 1:
            yield f"doubled: key {key} of {client} made {sorted(made)}"
    for (client, key), told in answers.items():
        if len(told) > 1:
            yield f"two answers: key {key} of {client}"


def _by_book(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    books: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        books[entry.book].append(entry)
    for book in books.values():
        book.sort(key=lambda entry: entry.number)
    return books


def _books_replay(history: History) -> Iterator[str]:
    """Numbers without gaps; each balance after follows from the one before; the last one is the stored balance."""
    books = _by_book(history.entries)
    for book, opening in history.opening.items():
        running, expected = opening, None
        for entry in books.get(book, []):
            if expected is not None and entry.number != expected:
                yield f"gap: book {book} goes from {expected - 1} to {entry.number}"
            expected = entry.number + 1
            running -= entry.amount
            if entry.amount <= 0:
                yield f"not positive: book {book} number {entry.number}"
            if running != entry.balance_after:
                yield f"torn: book {book} number {entry.number} says {entry.balance_after}, replay says {running}"
                running = entry.balance_after
        if history.balances.get(book) != running:
            yield f"balance: book {book} stores {history.balances.get(book)}, replay says {running}"
    for book in books.keys() - history.opening.keys():
        yield f"stray: book {book} belongs to nobody"


def _reads_see_prefixes(history: History) -> Iterator[str]:
    """Each balance that was read stood at some moment between question and answer: neither older nor from the future.

    Older is what lacks an entry that somebody had seen before the question: by its balance, or as a paid payment.
    """
    books = _by_book(history.entries)
    reads = [op for op in history.operations if op.outcome == "ok"]
    seen_paid: dict[str, float] = {}
    for op in reads:
        if op.kind == "read_status" and op.answer == "paid" and op.payment is not None:
            seen_paid[op.payment] = min(op.ended, seen_paid.get(op.payment, op.ended))
    for book, opening in history.opening.items():
        entries = books.get(book, [])
        balances = [opening, *(entry.balance_after for entry in entries)]
        known = [seen_paid.get(entry.payment, float("inf")) for entry in entries]
        own = sorted(
            (op for op in reads if op.kind == "read_balance" and op.account == book and op.balance is not None),
            key=lambda op: op.ended,
        )
        for op in own:
            lowest = max((place for place, at in enumerate(known, 1) if at <= op.begun), default=0)
            highest = max((place for place, entry in enumerate(entries, 1) if entry.recorded <= op.ended), default=0)
            if op.balance not in balances[lowest : highest + 1]:
                yield f"stale: {op.client} read {op.balance} of {book}, which stood at no moment of the read"
                continue
            for place in range(balances.index(op.balance)):
                known[place] = min(known[place], op.ended)


def _statuses_only_advance(history: History) -> Iterator[str]:
    seen: dict[tuple[str, str], tuple[float, str]] = {}
    for op in sorted(history.operations, key=lambda op: op.begun):
        if op.kind != "read_status" or op.outcome != "ok" or op.payment is None or op.answer is None:
            continue
        earlier = seen.get((op.client, op.payment))
        # A late success after closing is the one legal way back from a final state.
        if earlier is not None and earlier[0] <= op.begun and STATUS_RANK[op.answer] < STATUS_RANK[earlier[1]]:
            yield f"backwards: {op.client} saw {op.payment} go from {earlier[1]} to {op.answer}"
        seen[op.client, op.payment] = (op.ended, op.answer)
    for (client, payment), (_, last) in seen.items():
        if last == "paid" and history.statuses.get(payment) != "paid":
            yield f"unpaid again: {client} saw {payment} paid, it ended {history.statuses.get(payment)}"


def _provider_agrees(history: History) -> Iterator[str]:
    """Per order, to the minor unit: what the provider took is what the ledger booked, once."""
    taken = {order.out_trade_no: order.amount for order in history.orders if order.is_paid}
    booked: Counter[str] = Counter()
    for entry in history.entries:
        booked[entry.out_trade_no] += entry.amount
    for number in sorted(taken.keys() | booked.keys()):
        if taken.get(number, 0) != booked[number]:
            yield f"money: provider took {taken.get(number, 0)} for {number}, ledger booked {booked[number]}"
    owners = {order.out_trade_no: order.payment for order in history.orders}
    for entry in history.entries:
        if owners.get(entry.out_trade_no, entry.payment) != entry.payment:
            yield f"mixed up: {entry.out_trade_no} belongs to {owners[entry.out_trade_no]} and was booked for {entry.payment}"
    paid = {order.payment for order in history.orders if order.is_paid}
    for payment, status in history.statuses.items():
        if (status in {"paid", "suspended"}) != (payment in paid):
            yield f"status: {payment} is {status}, the provider says {'paid' if payment in paid else 'not paid'}"


def _messages_once(history: History) -> Iterator[str]:
    """Each paid payment is told exactly once per recipient and channel, save what nobody can know."""
    told = Counter(
        (message.payment, message.recipient, message.channel)
        for message in history.messages
        if message.reference not in history.unknowable
    )
    paid = {payment for payment, status in history.statuses.items() if status == "paid"}
    unknowable = {
        (message.payment, message.recipient) for message in history.messages if message.reference in history.unknowable
    }
    for (payment, recipient, channel), count in told.items():
        if count > 1:
            yield f"told twice: {payment} to {recipient} by {channel}"
        if payment not in paid:
            yield f"told too early: {payment} to {recipient} by {channel}"
        if recipient not in history.recipients.get(payment, set()):
            yield f"told the wrong person: {payment} to {recipient}"
    for payment in paid:
        for recipient in history.recipients.get(payment, set()):
            if (payment, recipient, "sms") not in told and (payment, recipient) not in unknowable:
                yield f"not told: {payment} to {recipient}"


def _may(history: History, op: Operation) -> bool:
    return any(
        g.client == op.client and g.account == op.account and g.begun <= op.ended and op.begun <= g.ended
        for g in history.grants
    )


def _nothing_without_grant(history: History) -> Iterator[str]:
    for op in history.operations:
        if op.outcome != "ok" or (op.kind == "start" and op.payment is None):
            continue
        if not _may(history, op):
            yield f"seen without right: {op.client} and {op.account}"
