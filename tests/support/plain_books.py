"""What accounts owe, recomputed from files and feed as another system would: plain Python that knows nothing of ours."""

from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]


@dataclass
class PlainBill:
    """What is left of a bill; `place` is its place among all that came."""

    amount: int
    open: int
    due: str
    place: int


@dataclass
class PlainAccount:
    """Bills by number, and what was paid in advance."""

    bills: dict[str, PlainBill] = field(default_factory=dict)
    prepaid: int = 0

    @property
    def due(self) -> int:
        """All that is open."""
        return sum(bill.open for bill in self.bills.values())

    def pay(self, amount: int) -> list[tuple[str, int]]:
        """Take money off open bills, the oldest due first; the rest is in advance. Answers which took what."""
        taken = []
        for no, bill in sorted(self.bills.items(), key=lambda item: (item[1].due, item[1].place)):
            share = min(bill.open, amount)
            if share:
                bill.open -= share
                amount -= share
                taken.append((no, share))
        self.prepaid += amount
        return taken


class PlainBooks:
    """All accounts of the files."""

    def __init__(self) -> None:
        self.accounts: dict[str, PlainAccount] = {}
        self.seen: set[str] = set()

    def take_bills(self, records: list[Record]) -> None:
        """A file of bills: new ones, and amendments of known ones."""
        touched = set()
        for record in records:
            account = self.accounts.setdefault(record["account_no"], PlainAccount())
            amount, known = record["amount_minor"], account.bills.get(record["bill_no"])
            if record["state"] == "settled":
                continue
            touched.add(record["account_no"])
            if known is None:
                left = amount if record["open_minor"] is None else record["open_minor"]
                account.bills[record["bill_no"]] = PlainBill(amount, left, record["due_date"], len(account.bills))
                continue
            paid = known.amount - known.open
            known.amount, known.open = amount, max(amount - paid, 0)
            account.prepaid += max(paid - amount, 0)
        for no in touched:
            account = self.accounts[no]
            spare, account.prepaid = account.prepaid, 0
            account.pay(spare)

    def take_fact(self, fact: Record) -> None:
        """A fact of the feed, once; its `settled` must be what comes out here."""
        assert fact["id"] not in self.seen
        self.seen.add(fact["id"])
        amount = fact["amount"]["amount_minor"]
        assert fact["kind"] in {"booked", "assigned"}
        taken = self.accounts[fact["account_no"]].pay(amount)
        assert taken == [(each["no"], each["amount_minor"]) for each in fact["settled"]], fact
