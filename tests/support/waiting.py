"""Waiting for conditions, never for time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T], *, timeout_s: float = 10.0, message: str = "the condition did not come true"
) -> T:
    """Ask until the answer is truthy and return it; fails with `message` after `timeout_s`."""
    limit = time.monotonic() + timeout_s
    pause = 0.005
    while not (answer := condition()):
        if time.monotonic() > limit:
            raise AssertionError(message)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return answer
