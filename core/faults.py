"""Named points at which a test may crash, freeze or repeat a flow. In production a point is one comparison.

A point stands before and after each commit and outside call of a flow. `WATTLINE_FAULT=name:action` (or
`name:action:nth`) arms one point of a process; it is read only when the environment is not production.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Final, Literal

Action = Literal["raise", "kill", "freeze"]
FREEZE_S: Final = 30.0

_hook: Callable[[str], None] | None = None


class InjectedFault(RuntimeError):
    """Raised by an armed point."""


def point(name: str) -> None:
    """Mark a place where a process may die."""
    if _hook is not None:
        _hook(name)


def arm(hook: Callable[[str], None] | None) -> None:
    """Call `hook(name)` at every point; None disarms."""
    global _hook  # noqa: PLW0603 -- one process, one hook
    _hook = hook


def arm_from_environment(environment: str) -> None:
    """Arm the point that `WATTLINE_FAULT` names, never in production."""
    wanted = os.environ.get("WATTLINE_FAULT")
    if wanted and environment != "production":
        name, action, *rest = wanted.split(":")
        arm(_nth(name, action, int(rest[0]) if rest else 1))


def _nth(name: str, action: str, nth: int) -> Callable[[str], None]:
    passed = 0

    def hook(reached: str) -> None:
        nonlocal passed
        if reached != name:
            return
        passed += 1
        if passed != nth:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "freeze":
            time.sleep(FREEZE_S)
        if action == "raise":
            raise InjectedFault(name)

    return hook
