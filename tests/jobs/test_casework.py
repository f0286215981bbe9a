"""Requests that nobody decided are closed by the clock."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from jobs import casework as jobs
from jobs import runtime
from jobs.celery_app import app
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import make_unit

REQUEST = """
insert into approval_request (id, kind, subject, unit_id, payload, reason, state, requested_by, requested_at, expires_at)
values (:id, 'staff.reset_password', :subject, :unit, '{}', 'x', 'requested', :by, :asked, :expires)
"""


@pytest.mark.usefixtures("kinds")
def test_what_nobody_decided_in_time_is_closed_and_what_waits_stays(database: Database, vault: Vault) -> None:
    now = clock.now()
    with database.write() as session:
        unit = make_unit(session, code="37")
        asker = people.employ(session, vault, role=StaffRole.MANAGER, unit="37")
        for subject, hours in (("old", -1), ("waits", 1)):
            session.sql(
                REQUEST,
                id=uuid4(),
                subject=subject,
                unit=unit,
                by=asker.staff_id,
                asked=now - timedelta(hours=72),
                expires=now + timedelta(hours=hours),
            )
    runtime.use(database)
    jobs.expire_requests()
    with database.read() as session:
        rows = session.sql("select subject, state from approval_request order by subject").all()
    assert [tuple(row) for row in rows] == [("old", "expired"), ("waits", "requested")]


def test_the_clock_asks_for_it_every_hour() -> None:
    assert app.conf.beat_schedule[jobs.expire_requests.name]["schedule"].run_every == timedelta(hours=1)
