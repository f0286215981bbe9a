"""Keeps of each task of the schedule when it ran last and how that ended, whoever began it."""

from typing import Any

import structlog
from celery import Task

from core import rounds
from core.db import Database
from jobs.runtime import NotConfigured, database

log = structlog.get_logger(__name__)


class Kept(Task):  # type: ignore[misc] # Celery has no types
    """A task that leaves how its round ended. What it raises goes on: nobody is better off when keeping fails, too."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it."""
        try:
            done = self.run(*args, **kwargs)
        except Exception as error:
            _note(self, failed_with=type(error).__name__)
            raise
        _note(self, failed_with=None)
        return done


def declare(db: Database, schedule: dict[str, Any]) -> None:
    """Make the clock's tasks known, with their periods."""
    with db.write() as session:
        rounds.declare(
            session, periods_s={name: entry["schedule"].run_every.total_seconds() for name, entry in schedule.items()}
        )


def _note(task: Task, *, failed_with: str | None) -> None:
    if task.name not in task.app.conf.beat_schedule:
        return
    try:
        with database().write() as session:
            rounds.note(session, task=task.name, failed_with=failed_with)
    except NotConfigured:
        return
    except Exception as error:  # noqa: BLE001 -- the database is away: the task's own fate is what matters
        log.warning("round_not_kept", task=task.name, error=type(error).__name__)
