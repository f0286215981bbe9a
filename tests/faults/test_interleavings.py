"""Callback, poller, payer and retries at once, in every order that a seed can think of: the books agree in the end."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from core import clock, faults
from core.config import Settings
from services.billing import queries as billing
from services.ledger import queries as ledger
from services.ledger.chart import OwnerKind, Source
from services.payments import flows, operations
from services.payments.flows import Again
from services.payments.operations import Wanted
from services.payments.ports import PROVIDERS, Method, Payer
from tests.faults.interleaving import interleave
from tests.faults.telling import deployed
from tests.faults.world import PAID_MINOR, WECHAT_PAY, Case, World, settle
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.thorough import EVERYTHING
from tests.support.waiting import wait_until

SEEDS: Final = 1_000 if EVERYTHING else 100
BATCHES: Final = 4


@pytest.fixture
def world(settings: Settings, provider: SandboxProcess, receiver: Receiver) -> Iterator[World]:
    made = World(deployed(settings, provider, receiver), provider.base_url)
    yield made
    made.close()


class Scene:
    """One customer's payment and everything that may happen to it at once."""

    def __init__(self, world: World, receiver: Receiver, provider: SandboxProcess, chance: random.Random) -> None:
        self.world, self.case = world, settle(world)
        self._receiver, self._provider = receiver, provider
        self.user_id = UUID(self.case["user_id"])
        self._begin("A")
        acts: dict[str, Callable[[], object]] = {
            "poller": self._poll,
            "second poller": self._poll,
            "look": self._look,
            "another way": self._retry,
            "second payment": lambda: self._begin("B"),
            "end of time": lambda: self._poll(later=timedelta(minutes=31)),
        }
        if chance.random() < 0.6:
            receiver.calls.clear()
            self._pay()
            wait_until(lambda: receiver.calls)
            call = receiver.calls[-1]
            acts |= {"notice": lambda: self._hear(call), "same notice": lambda: self._hear(call)}
        else:
            acts["payer"] = self._pay
        chosen = chance.sample(sorted(acts), chance.randint(2, 4))
        self.works = {name: acts[name] for name in chosen}

    def _begin(self, mark: str) -> None:
        wanted = Wanted(
            user_id=self.user_id,
            account_no=self.case["account_no"],
            quote_id=None,
            amount_minor=PAID_MINOR,
            bill_nos=None,
            method=Method.WECHAT_NATIVE,
            payer=Payer("203.0.113.7"),
            description="Wattline",
            partial_allowed=True,
            most_major=10_000_000,
        )
        number = f"{mark}{self.user_id.hex[-19:].upper()}"
        started = flows.start_payment(
            self.world.db, vault=self.world.vault, wanted=wanted, payment_no=number, now=clock.now()
        )
        if mark == "A":
            assert started.pay is not None
            self.number, self.code = number, started.pay["code_url"]

    def _poll(self, *, later: timedelta = timedelta()) -> None:
        flows.check_due(self.world.db, vault=self.world.vault, now=clock.now() + later, limit=2)

    def _look(self) -> None:
        flows.check_payment(
            self.world.db, vault=self.world.vault, user_id=self.user_id, payment_no=self.number, now=clock.now()
        )

    def _retry(self) -> None:
        again = Again(
            amount_minor=None,
            bill_nos=None,
            method=Method.WECHAT_APP,
            payer=Payer("203.0.113.7"),
            description="Wattline",
            partial_allowed=True,
            most_major=10_000_000,
        )
        flows.retry_payment(
            self.world.db,
            vault=self.world.vault,
            user_id=self.user_id,
            payment_no=self.number,
            again=again,
            now=clock.now(),
        )

    def _pay(self) -> None:
        self.world.sandbox.post("/wechat-pay/pay", data={"pr": self.code, "act": "pay"})

    def _hear(self, call: Any) -> None:
        notice = PROVIDERS.get()[WECHAT_PAY].read_notice(call.headers, call.body, now=clock.now())
        with self.world.db.write() as session:
            operations.receive_notice(session, source=WECHAT_PAY, notice=notice, body=call.body, now=clock.now())
            faults.point("payments.callback.before_commit")

    def end(self) -> None:
        """Let everything come to its end, and count."""
        for later in (timedelta(), timedelta(minutes=31)):
            self.world.pass_time()
            for source in PROVIDERS.get():
                flows.apply_stored_callbacks(self.world.db, source=source, now=clock.now(), limit=10)
            flows.check_due(self.world.db, vault=self.world.vault, now=clock.now() + later)
        _count(self.world, self._provider, self.case)


def _count(world: World, provider: SandboxProcess, case: Case) -> None:
    with world.db.read() as session:
        attempts = session.sql(
            """select a.id, a.out_trade_no, a.state, a.amount_minor, o.state as order_state,
                 (select count(*) from outbox where payload ->> 'attempt_id' = a.id::text and kind = 1) as told
               from payment_attempt a join payment_order o on o.id = a.order_id where o.payer_user_id = :user""",
            user=case["user_id"],
        ).all()
        book = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=case["account_id"])
        assert book is not None
        assert ledger.check_invariants(session, first_book=book, last_book=book) == []
        account = case["account_id"]
        assert billing.check_invariants(session, first_account=account, last_account=account) == []
        booked = session.sql(
            """select t.source_id, sum(p.amount) as minor from txn t join posting p on p.book_id = t.book_id and p.no = t.no
               where t.book_id = :book and t.source = :source group by t.source_id""",
            book=book,
            source=Source.PAYMENT.value,
        )
        by_attempt = {row.source_id: row.minor for row in booked}
        unapplied = session.sql("select count(*) from inbox where applied_at is null").scalar_one()
    taken = {order["out_trade_no"]: order["amount"] for order in provider.orders() if order["state"] == "SUCCESS"}
    for attempt in attempts:
        is_taken = attempt.out_trade_no in taken
        expected = "paid" if is_taken else "closed"
        assert attempt.state == expected, f"attempt is {attempt.state}, the provider says {expected}"
        assert by_attempt.get(attempt.id, 0) == taken.get(attempt.out_trade_no, 0), "books and provider differ"
        assert attempt.told == is_taken, f"told {attempt.told} times"
        assert not is_taken or attempt.order_state == "paid"
    assert unapplied == 0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_whatever_happens_at_once_the_books_agree_with_the_provider(
    batch: int, world: World, receiver: Receiver, provider: SandboxProcess, app_dsn: str
) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        chance = random.Random(seed)
        scene = Scene(world, receiver, provider, chance)
        world.pass_time()
        order: list[str] = []
        try:
            order = interleave(scene.works, dsn=app_dsn, chance=chance)
            scene.end()
        except Exception as error:
            msg = f"seed {seed}, {sorted(scene.works)}, went on: {order}: {error}"
            raise AssertionError(msg) from error
