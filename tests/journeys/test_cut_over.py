"""From the system that made the bills to this one: files in, two days of payments out, amended bills, and the switch.

The commands are those of docs/guides/cut-over.md. Every account is recomputed from files and feed by a few lines that
know nothing of ours, and must come to the same.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from app.cli import COMMANDS, cli_of
from core import clock
from core.periods import business_date
from sandbox import credentials
from services.accounts import queries as accounts
from services.accounts.queries import AccountRef
from services.accounts.roles import StaffRole
from services.ledger import queries as ledger
from services.payments import flows, operations, queries
from tests.factories import payments as paying
from tests.factories import staff
from tests.factories.accounts import account_record, grant, make_user, write_csv, write_jsonl
from tests.factories.billing import bill_record
from tests.support.plain_books import PlainBooks, Record
from tests.support.processes import ROOT, environment_of
from tests.support.receiver import Call
from tests.support.town import Town
from tests.support.wechat_notices import URL, notice, paid, signed

GUIDE: Final = ROOT / "docs/guides/cut-over.md"
UNITS: Final = ("JD01", "JD02")
ACCOUNTS: Final = 14
SWITCH: Final = "2026-07-01"
PAGE: Final = 3
REJECTED: Final = 3


@dataclass
class Followed:
    """What the other system keeps: files and facts in the order in which it took them in, and its place in the feed."""

    file: Path
    town: Town
    caller: dict[str, str]

    def __post_init__(self) -> None:
        if not self.file.exists():
            self.keep([], None)

    @property
    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return found

    def keep(self, taken: list[dict[str, Any]], cursor: str | None) -> None:
        """Both at once: whoever is killed has kept all or nothing of a page."""
        before = self.kept["taken"] if self.file.exists() else []
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps({"taken": before + taken, "cursor": cursor}), encoding="utf-8")
        draft.replace(self.file)

    def ask(self) -> dict[str, Any]:
        cursor = self.kept["cursor"]
        params = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
        answer = self.town.client.get("/api/v1/backoffice/payments", params=params, headers=self.caller)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def take_file(self, records: list[Record]) -> None:
        self.keep([{"bills": records}], self.kept["cursor"])

    def take_page(self) -> bool:
        page = self.ask()
        self.keep([{"fact": fact} for fact in page["items"]], page["next"])
        return bool(page["has_more"])

    def recompute(self) -> PlainBooks:
        books = PlainBooks()
        for each in self.kept["taken"]:
            if "bills" in each:
                books.take_bills(each["bills"])
            else:
                books.take_fact(each["fact"])
        return books


class Supplier:
    """The supplier's files, its customers, and its machine."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder
        self.random = random.Random(20260701)
        self.records = [account_record(7_000 + place, unit_code=UNITS[place % 2]) for place in range(ACCOUNTS)]
        self.accounts: dict[str, AccountRef] = {}

    def run(self, command: str, *, exit_code: int = 0) -> str:
        """A command of the guide."""
        program, name, *arguments = command.split()
        assert program == "wattline"
        done = CliRunner().invoke(CLI, [name, *arguments], env=environment_of(self.town.settings))
        assert done.exit_code == exit_code, f"{command}: {done.output}\n{done.stderr}"
        return done.stdout

    def write_files(self) -> list[Record]:
        units: list[dict[str, object]] = [
            {"code": "JD", "parent_code": None, "kind": "province", "name": "江东"},
        ]
        units += [{"code": code, "parent_code": "JD", "kind": "city", "name": code} for code in UNITS]
        write_csv(self.folder / "units.csv", units)
        write_csv(self.folder / "accounts.csv", self.records)
        bills = [bill for place, record in enumerate(self.records) for bill in self._bills(place, record["account_no"])]
        write_jsonl(self.folder / "bills.jsonl", bills)
        return bills

    def _bills(self, place: int, no: object) -> Iterator[Record]:
        """History, then what is open: all of it, or for each third account what was left of a part-paid bill."""
        yield self.bill(no, "03", amount_minor=9_900, state="settled")
        left = 4_321 if place % 3 == 0 else None
        yield self.bill(no, "04", amount_minor=7_000 + 11 * place, open_minor=left)
        if place % 2:
            yield self.bill(no, "05", amount_minor=8_000 + 7 * place)

    def bill(self, no: object, month: str, **other: Any) -> Record:
        following = f"{int(month) + 1:02d}"
        return bill_record(
            str(no),
            f"{no}-{month}",
            **{
                "period_first": f"2026-{month}-01",
                "period_end": f"2026-{following}-01",
                "issue_date": f"2026-{following}-03",
                "due_date": f"2026-{following}-25",
                **other,
            },
        )

    def write_last_files(self) -> list[Record]:
        """The switch, and bills of periods on both sides of it; answers those that are to be taken."""
        numbers = list(self.accounts)
        modes: list[dict[str, object]] = [
            {"account_no": no, "billing": "native", "native_from": SWITCH} for no in numbers
        ]
        write_csv(self.folder / "modes.csv", modes)
        late = [self.bill(no, "07", amount_minor=5_000) for no in numbers]
        last = [self.bill(no, "06", amount_minor=6_000) for no in numbers]
        write_jsonl(self.folder / "last.jsonl", late + last)
        return last

    def customers(self) -> None:
        with self.town.runtime.db.write() as session:
            for record in self.records:
                card = accounts.account_by_no(session, account_no=str(record["account_no"]))
                assert card is not None
                self.accounts[str(record["account_no"])] = card.ref

    def begin(self, no: str, amount: int) -> str:
        """A customer begins to pay; answers the number at the provider."""
        db, vault = self.town.runtime.db, self.town.runtime.vault
        with db.write() as session:
            user_id = make_user(session, vault)
            grant(session, user_id=user_id, account_id=self.accounts[no].id)
        home = paying.Household(user_id, self.accounts[no], ())
        payment_no = paying.start(db, vault, paying.wanted(home, amount)).payment.payment_no
        return paying.latest(db, payment_no).out_trade_no

    def amounts(self, books: PlainBooks, numbers: list[str]) -> Iterator[tuple[str, int]]:
        """What they pay: all that is due, a part of it, or more than that."""
        for place, no in enumerate(numbers):
            due = books.accounts[no].due
            yield no, (due, self.random.randrange(1, max(due, 2)), due + 1_234)[place % 3] or 500

    def tell(self, call: Call) -> None:
        """The provider calls."""
        headers = {name: value for name, value in call.headers.items() if name.startswith("wechatpay-")}
        answer = self.town.client.post(URL, content=call.body, headers={**headers, "content-type": "application/json"})
        assert answer.status_code == 204, answer.text


def commands() -> list[list[str]]:
    """What the guide says to run, by step."""
    steps = re.split(r"^## ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [re.findall(r"^wattline .+$", step, flags=re.MULTILINE) for step in steps]


CLI: Final = cli_of(COMMANDS)


@pytest.mark.usefixtures("town")
def test_every_account_comes_to_what_files_and_feed_come_to_from_the_first_import_to_the_switch(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    supplier = Supplier(town, tmp_path)
    first, second, third, fourth = commands()
    bills = supplier.write_files()
    for command in first:
        supplier.run(command)
    supplier.customers()
    caller = program_of(town, supplier.run(second[0]))
    followed = Followed(tmp_path / "followed.json", town, caller)
    followed.take_file(bills)
    compare(town, followed)

    # The first business day: notices of the day before, that came late.
    yesterday = clock.now() - timedelta(days=1)
    numbers = list(supplier.accounts)
    platform = credentials.load(town.sandbox.home)
    for no, amount in supplier.amounts(followed.recompute(), numbers[:9]):
        out_trade_no = supplier.begin(no, amount)
        told = {"success_time": yesterday.isoformat(timespec="seconds"), "amount": of(amount)}
        supplier.tell(signed(platform, notice(platform, paid(platform, out_trade_no, **told), number=out_trade_no)))
    stray = {"success_time": yesterday.isoformat(timespec="seconds"), "amount": of(3_210)}
    supplier.tell(signed(platform, notice(platform, paid(platform, "STRANGER0000000000", **stray), number="stray")))
    number(town)
    assert followed.take_page(), "the first day fits into a page"
    followed.ask()  # and whoever asked is killed before it is kept
    followed = Followed(followed.file, town, caller)
    while followed.take_page():
        pass
    compare(town, followed)

    # Amended bills, dearer and cheaper than before, some of them paid; and the bills of another month.
    amended = [
        supplier.bill(no, "04", amount_minor=7_000 + 11 * place + change)
        for place, (no, change) in enumerate(zip(numbers, [0, 555, -999] * 5, strict=False))
        if place % 3
    ] + [supplier.bill(no, "06", amount_minor=6_543) for no in numbers[::2]]
    write_jsonl(tmp_path / "amended.jsonl", amended)
    for command in third:
        supplier.run(command)
    followed.take_file(amended)
    compare(town, followed)

    # The second business day: the provider's own notices, and staff find the stray money's account.
    for no, amount in supplier.amounts(followed.recompute(), numbers[5:]):
        supplier.tell(town.callback_of(supplier.begin(no, amount)))
    assign(town, numbers[0])
    number(town)
    followed = Followed(followed.file, town, caller)
    while followed.take_page():
        pass
    compare(town, followed)

    last = supplier.write_last_files()
    for command in fourth:
        supplier.run(command, exit_code=REJECTED if "last.jsonl" in command else 0)
    assert (tmp_path / "last.jsonl.rejects.csv").read_text(encoding="utf-8").count("period_first") == ACCOUNTS
    followed.take_file(last)
    compare(town, followed, billing="native")
    days = {business_date(datetime.fromisoformat(fact["effective_at"]), town.settings.zone) for fact in facts(followed)}
    assert len(days) == 2
    assert {fact["kind"] for fact in facts(followed)} == {"booked", "assigned"}
    exported = [json.loads(line) for line in (tmp_path / "payments.jsonl").read_text(encoding="utf-8").splitlines()]
    ours = [{k: v for k, v in row.items() if k != "cursor"} for row in exported if row["account_no"] in numbers]
    assert ours == facts(followed)


def facts(followed: Followed) -> list[Record]:
    return [each["fact"] for each in followed.kept["taken"] if "fact" in each]


def of(amount: int) -> dict[str, Any]:
    return {"total": amount, "payer_total": amount, "currency": "CNY"}


def number(town: Town) -> None:
    flows.number_feed(town.runtime.db, is_over=lambda: False)


def program_of(town: Town, told: str) -> dict[str, str]:
    """The header of the program that the command made."""
    made = dict(line.split() for line in told.splitlines())
    answer = town.client.post("/api/v1/auth/token", json={"grant_type": "client_credentials", **made})
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def assign(town: Town, account_no: str) -> None:
    with town.runtime.db.write() as session:
        [waiting] = [each for each in paying.suspense(session) if each.out_trade_no.startswith("STRANGER")]
        desk = staff.employ(session, town.runtime.vault, role=StaffRole.FINANCE, unit="37")
        staff.grant(session, desk.staff_id, role=StaffRole.FINANCE, unit="JD", now=clock.now())
    with town.runtime.db.write() as session:
        operations.assign(
            session,
            suspense_id=waiting.id,
            account_no=account_no,
            by=desk.staff_id,
            actor=staff.ACTOR,
            now=clock.now(),
        )


def compare(town: Town, followed: Followed, *, billing: str = "external") -> None:
    """Every account here, by API, against the recomputation; and the books balance."""
    books = followed.recompute()
    here, there = {}, {}
    for no, plain in books.accounts.items():
        answer = town.client.get(f"/api/v1/backoffice/accounts/{no}", headers=followed.caller).json()
        here[no] = (answer["due"]["amount_minor"], answer["prepaid"]["amount_minor"], answer["billing"])
        there[no] = (plain.due, plain.prepaid, billing)
    assert here == there
    with town.runtime.db.read() as session:
        lines = ledger.trial_balance(session)
        assert sum(line.debit.minor for line in lines) == sum(line.credit.minor for line in lines)
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []
