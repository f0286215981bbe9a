"""Several pieces of work at once, of which one goes on at a time: from point to point, in the order of a seed."""

import random
import threading
from collections.abc import Callable, Mapping
from typing import Final

import psycopg

from core import faults
from core.errors import Refusal

LOOK_S: Final = 0.01
STUCK_S: Final = 120.0
WAITING: Final = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


class _Worker(threading.Thread):
    """One piece of work; stands still at each point until it is let go."""

    def __init__(self, name: str, work: Callable[[], object], changed: threading.Condition) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._changed = work, changed
        self._may_go = False
        self.state = "standing"
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work, from the first permission on."""
        self.stand()
        try:
            self._work()
        except Refusal:
            pass  # what the work is refused is part of the story
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test wants to see it
            self.error = error
        with self._changed:
            self.state = "done"
            self._changed.notify_all()

    def stand(self) -> None:
        """Wait for permission to go on."""
        with self._changed:
            self.state = "standing"
            self._changed.notify_all()
            while not self._may_go:
                self._changed.wait()
            self._may_go, self.state = False, "going"

    def let_go(self) -> None:
        """Permit it to go to its next point."""
        with self._changed:
            self._may_go, self.state = True, "going"
            self._changed.notify_all()


def interleave(works: Mapping[str, Callable[[], object]], *, dsn: str, chance: random.Random) -> list[str]:
    """Run all works to their ends; answers who went on, in order. Raises what a work raised besides refusals.

    A work that waits in the database for another's lock has gone as far as it can: the next one is let go.
    """
    changed = threading.Condition()
    workers = {name: _Worker(name, work, changed) for name, work in works.items()}
    by_thread = {id(worker): worker for worker in workers.values()}

    def reached(_name: str) -> None:
        worker = by_thread.get(id(threading.current_thread()))
        if worker is not None:
            worker.stand()

    order: list[str] = []
    faults.arm(reached)
    try:
        with psycopg.connect(dsn, autocommit=True) as looking:
            for worker in workers.values():
                worker.start()
            while True:
                _settle(list(workers.values()), changed, looking)
                standing = sorted(name for name, worker in workers.items() if worker.state == "standing")
                if not standing:
                    break
                order.append(chance.choice(standing))
                workers[order[-1]].let_go()
            for worker in workers.values():
                worker.join(STUCK_S)
    finally:
        faults.arm(None)
    for worker in workers.values():
        if worker.error is not None:
            raise worker.error
    return order


def _settle(workers: list[_Worker], changed: threading.Condition, looking: psycopg.Connection[tuple[int]]) -> None:
    """Wait until each is done, stands at a point, or waits for a lock that one who stands holds."""
    rounds = int(STUCK_S / LOOK_S)
    for _ in range(rounds):
        with changed:
            changed.wait_for(lambda: all(worker.state != "going" for worker in workers), LOOK_S)
            going = sum(worker.state == "going" for worker in workers)
            standing = sum(worker.state == "standing" for worker in workers)
        if not going:
            return
        row = looking.execute(WAITING).fetchone()
        if standing and row is not None and row[0] >= going:
            return
    msg = f"stuck: {[(worker.name, worker.state) for worker in workers]}"
    raise AssertionError(msg)
