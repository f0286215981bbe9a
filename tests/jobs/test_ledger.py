"""The task that keeps the house totals works off whatever has gathered."""

import pytest

from core.db import Database
from jobs import ledger as jobs
from jobs import runtime
from services.ledger import queries
from tests.services.ledger.factories import bill, books, post
from tests.support.waiting import wait_until


def test_one_run_adds_a_backlog_of_many_slices(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ROLL_UP_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "ROLL_UP_BUDGET_S", 60.0)
    book, *_ = books(database)
    for _ in range(4):
        post(database, bill(book))
    runtime.use(database)
    totals: list[int] = []

    def rolled_up() -> bool:
        jobs.roll_up()
        with database.read() as session:
            assert queries.check_rollup(session) == []
            query = "select coalesce(sum(balance), 0) from ledger_rollup where code = 1100"
            totals.append(int(session.sql(query).scalar_one()))
        return totals[-1] > 0

    wait_until(rolled_up, timeout_s=120, message="the horizon did not move")
    assert set(totals) == {0, 20_000}
