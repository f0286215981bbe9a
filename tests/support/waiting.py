"""Waiting for conditions, never for time."""

import time
from collections.abc import Callable
from typing import TypeVar

from core.db import Database

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T], *, timeout_s: float = 60.0, message: str = "the condition did not come true"
) -> T:
    """Ask until the answer is truthy and return it; fails with `message` after `timeout_s`, which outlasts a stall of the machine."""
    limit = time.monotonic() + timeout_s
    pause = 0.005
    while not (answer := condition()):
        if time.monotonic() > limit:
            raise AssertionError(message)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return answer


def wait_for_waiting(database: Database, *, message: str) -> None:
    """Until somebody waits for a lock that another holds."""

    def is_waited_for() -> bool:
        with database.read() as session:
            return bool(session.sql("select exists (select from pg_locks where not granted)").scalar_one())

    wait_until(is_waited_for, message=message)
