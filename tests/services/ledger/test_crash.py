"""What a killed database leaves."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

import migrations
from app.embedded import PostgresServer
from core.db import Database
from services.ledger import operations, queries
from services.ledger.chart import BookId, OwnerKind
from services.ledger.operations import Transaction
from tests.services.ledger.factories import payment, posting
from tests.support.waiting import wait_until
from tools.scratch import scratch

CLIENTS = 4


@pytest.fixture
def durable() -> Iterator[PostgresServer]:
    with scratch(durable=True) as servers:
        migrations.upgrade(servers.dsn("wattline_owner"))
        yield servers.postgres


class Client:
    """Posts payments of 1 fen until the server dies, and remembers which were acknowledged and which are unknown."""

    def __init__(self, dsn: str, book: BookId) -> None:
        self.database = Database(dsn, pool_size=1)
        self.book = book
        self.acknowledged: list[Transaction] = []
        self.unknown: list[Transaction] = []
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        while not self.unknown:
            paid = payment(self.book, posting(1))
            try:
                with self.database.write() as session:
                    operations.post(session, transactions=[paid])
            except (DBAPIError, psycopg.Error):
                self.unknown.append(paid)
            else:
                self.acknowledged.append(paid)


def test_no_acknowledged_posting_is_lost_when_postgresql_is_killed(durable: PostgresServer) -> None:
    dsn = durable.dsn("wattline_app")
    database = Database(dsn, pool_size=1)
    with database.write() as session:
        made = operations.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[1, 2])
    clients = [Client(dsn, made[1 + number % 2]) for number in range(CLIENTS)]
    for client in clients:
        client.thread.start()
    wait_until(
        lambda: all(len(client.acknowledged) >= 25 for client in clients), message="too few postings before the kill"
    )
    durable.kill()
    for client in clients:
        client.thread.join(timeout=60)
        client.database.close()
    database.close()
    durable.start()
    durable.wait_ready()

    after = Database(dsn, pool_size=1)
    try:
        with after.write() as session:
            assert queries.check_invariants(session) == []
            acknowledged = [paid for client in clients for paid in client.acknowledged]
            assert not any(answer.is_new for answer in operations.post(session, transactions=acknowledged))
            operations.post(session, transactions=[paid for client in clients for paid in client.unknown])
            posted = sum(
                view.amount.minor
                for view in queries.balances(session, book_ids=list(made.values()))
                if view.amount.minor > 0
            )
            assert posted == sum(len(client.acknowledged) + len(client.unknown) for client in clients)
            assert queries.check_invariants(session) == []
    finally:
        after.close()
