"""A process that has everything imported and forks one child per line of its input: a step that dies at a point.

Answers each line with the child's end as `waitpid` tells it. Dying costs a fork this way instead of a start.
"""

import gc
import json
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from core import config, faults
from core.config import Settings
from core.http import authorities
from tests.faults.stories import carry_on
from tests.faults.world import Case, World
from tests.support.nursery import nursery
from tests.support.processes import ROOT, environment_of


class Zygote:
    """The process as tests use it."""

    def __init__(self, log: Path) -> None:
        (its_orders, orders), (answers, its_answers) = os.pipe(), os.pipe()
        with log.open("ab") as complaints:
            self._process = nursery().fork(
                ["-m", "tests.faults.zygote"],
                cwd=ROOT,
                environment={**os.environ, "PYTHONPATH": str(ROOT)},
                descriptors={0: its_orders, 1: its_answers, 2: complaints.fileno()},
            )
        os.close(its_orders)
        os.close(its_answers)
        self._orders, self._answers = os.fdopen(orders, "w"), os.fdopen(answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._orders.close()
        self._process.wait(timeout=60)
        self._answers.close()

    def die(self, settings: Settings, *, sandbox_url: str, step: str, case: Case, point: str) -> int:
        """Do a step in a process of its own that is killed at `point`; answers the signal that ended it, 0 for none."""
        order = {
            "environment": environment_of(settings),
            "sandbox_url": sandbox_url,
            "step": step,
            "case": case,
            "point": point,
        }
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        return os.WTERMSIG(int(self._answers.readline()))


def _die(order: dict[str, str | dict[str, str]]) -> None:
    """In the child: carry on until the point."""
    os.dup2(2, 1)  # the answer's pipe is the parent's
    environment, case = order["environment"], order["case"]
    assert isinstance(environment, dict)
    assert isinstance(case, dict)
    os.environ.update(environment)
    world = World(config.load(), str(order["sandbox_url"]))
    faults.arm(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == order["point"] else None)
    carry_on(world, case, str(order["step"]))


def main() -> int:
    """Fork until the input ends."""
    authorities()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _die(json.loads(line))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
