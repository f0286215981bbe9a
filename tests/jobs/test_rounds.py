"""What runs by the clock leaves when it ran last and how that ended, and never fails by leaving it."""

import pytest

from core import rounds
from core.db import Database
from core.rounds import RoundView
from jobs import casework as jobs
from jobs import rounds as kept
from jobs import runtime
from jobs.celery_app import app
from services.casework import operations

pytestmark = pytest.mark.usefixtures("kinds")


@pytest.fixture(autouse=True)
def declared(database: Database) -> None:
    runtime.use(database)
    kept.declare(database, app.conf.beat_schedule)


def told(database: Database, task: str = jobs.expire_requests.name) -> RoundView:
    with database.read() as session:
        (found,) = [each for each in rounds.all_rounds(session) if each.task == task]
    return found


def test_a_round_is_kept_with_its_outcome_and_its_error(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (told(database).ended_at, told(database).every_s) == (None, 3600)
    jobs.expire_requests()
    well = told(database)
    assert (well.failures, well.failed_with, well.ended_at) == (0, None, well.succeeded_at)
    with monkeypatch.context() as broken:
        broken.setattr(operations, "expire_old", lambda *_args, **_named: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.expire_requests()
    ill = told(database)
    assert (ill.failures, ill.failed_with, ill.succeeded_at) == (1, "ZeroDivisionError", well.succeeded_at)
    jobs.expire_requests()
    assert (told(database).failures, told(database).failed_with) == (0, None)


def test_rounds_that_follow_each_other_closely_do_not_write_each(database: Database) -> None:
    jobs.expire_requests()
    first = told(database)
    jobs.expire_requests()
    assert told(database) == first


def test_a_task_that_is_not_scheduled_any_more_is_forgotten(database: Database) -> None:
    with database.write() as session:
        rounds.declare(session, periods_s={jobs.expire_requests.name: 60.0})
        assert [each.task for each in rounds.all_rounds(session)] == [jobs.expire_requests.name]


def test_keeping_never_fails_a_round_that_went_well(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "note", lambda *_args, **_named: 1 / 0)
    jobs.expire_requests()
    assert told(database).ended_at is None
