"""The daily task forgets everything that is spent, however much it is."""

from datetime import timedelta

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from jobs import identity as jobs
from jobs import runtime
from jobs.celery_app import app
from services.identity.operations import purging
from tests.factories import identity, staff


def test_all_that_is_spent_is_forgotten_in_as_many_steps_as_it_takes(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PURGE_AT_ONCE", 2)
    now = clock.now()
    long_ago = now - timedelta(days=400)
    with database.write() as session:
        for number in range(5):
            user_id = identity.user(session, vault=vault, phone=f"+861380013800{number}", now=long_ago)
            identity.app_session(session, user_id=user_id, now=long_ago)
            gone = staff.member(session, vault, name=f"gone{number}", now=long_ago)
        living = identity.app_session(session, user_id=user_id, now=now)
        here = staff.member(session, vault, name="here", now=now)
    runtime.use(database)
    jobs.purge_spent()
    with database.read() as session:
        assert session.sql("select array_agg(id) from session_family").scalar_one() == [living.session_id]
        assert session.sql("select array_agg(staff_id) from staff_session").scalar_one() == [here.staff_id]
        assert session.sql("select array_agg(staff_id) from staff_invitation").scalar_one() == [here.staff_id]
        assert session.sql("select count(*) from staff where id = :id", id=gone.staff_id).scalar_one() == 1
        left = session.sql("select (select count(*) from otp_challenge) + (select count(*) from sign_in_limit)")
        assert left.scalar_one() == 0


def test_the_clock_asks_for_it_daily() -> None:
    entry = app.conf.beat_schedule[jobs.purge_spent.name]
    assert entry["schedule"].run_every == timedelta(days=1)
