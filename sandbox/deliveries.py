"""What the provider tells by itself: a durable queue, delivered with the provider's patience and on order's faults."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import httpx

from sandbox.books import Books, note
from sandbox.faults import Fault, Faults

TIMEOUT_S: Final = 5.0
WORKERS: Final = 24
HELD_S: Final = 5.0
"""How long a delivery that is to arrive out of order waits for another to go first."""

Struck = Mapping[str, Fault]


class Packet(NamedTuple):
    """One try: `query` is added to the address, for who signs there."""

    body: bytes
    headers: dict[str, str]
    query: str = ""


@dataclass(frozen=True)
class Delivery:
    """Something to tell: `content` is the provider's matter, made into a packet afresh for each try."""

    id: str
    kind: str
    subject: str
    url: str
    event: str
    content: dict[str, Any]
    serial: str | None
    tries: int
    due_at: float


class Teller(Protocol):
    """How one kind of news is told."""

    @property
    def waits_s(self) -> Sequence[float]:
        """Between tries; after the last one the provider gives up."""
        ...

    def compose(self, delivery: Delivery, struck: Struck) -> Packet:
        """What one try sends, signed now."""
        ...

    def is_acknowledged(self, delivery: Delivery, answer: httpx.Response) -> bool:
        """Whether the merchant took it."""
        ...


def queue(
    change: sqlite3.Connection,
    *,
    kind: str,
    subject: str,
    url: str,
    event: str,
    content: object,
    serial: str | None,
    due_at: float,
) -> None:
    """Queue something to tell, in the transaction that made it true."""
    change.execute(
        "insert into delivery (id, kind, subject, url, event, content, serial, due_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        (secrets.token_hex(16), kind, subject, url, event, json.dumps(content, ensure_ascii=False), serial, due_at),
    )


class Deliveries:
    """Delivers what is queued. `retry_scale` shortens or lengthens the provider's waits."""

    def __init__(self, books: Books, faults: Faults, tellers: Mapping[str, Teller], *, retry_scale: float) -> None:
        self._books, self._faults, self._tellers, self._retry_scale = books, faults, tellers, retry_scale
        self._client = httpx.Client(
            timeout=TIMEOUT_S, trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=50)
        )
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="deliver")
        self._wake, self._is_stopping = threading.Event(), False
        self._busy: set[str] = set()
        self._put_off: dict[str, Struck] = {}
        # Delivery -> address. Changed inside a change of the books alone, which makes one turn of both.
        self._held: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begin with whatever was due when the last process ended."""
        self._thread.start()

    def nudge(self) -> None:
        """Something is due now."""
        self._wake.set()

    def stop(self) -> None:
        """End after what is being sent."""
        self._is_stopping = True
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            now = time.time()
            due = "select id from delivery where done = 0 and due_at <= ? order by due_at limit ?"
            for row in self._books.all(due, now, len(self._busy) + 10 * WORKERS):
                if row["id"] not in self._busy:
                    self._busy.add(row["id"])
                    self._pool.submit(self._work, row["id"])
            later = self._books.one("select min(due_at) as at from delivery where done = 0 and due_at > ?", now)
            next_at = later["at"] if later and later["at"] is not None else None
            self._wake.wait(None if next_at is None else max(0.0, next_at - time.time()))

    def _work(self, delivery_id: str) -> None:
        try:
            # Asked again: it may have been delivered between the look at the queue and this worker's turn.
            row = self._books.one(
                "select id, kind, subject, url, event, content, serial, tries, due_at from delivery "
                "where id = ? and done = 0 and due_at <= ?",
                delivery_id,
                time.time(),
            )
            if row is not None:
                self._deliver(Delivery(**{**row, "content": json.loads(row["content"])}))
        finally:
            self._busy.discard(delivery_id)
            self.nudge()

    def _deliver(self, delivery: Delivery) -> None:
        struck = self._put_off.pop(delivery.id, None)
        if struck is None:
            struck = self._faults.strike(delivery.kind)
            if delivery.tries == 0 and struck.keys() & {"delay", "out_of_order"}:
                self._hold(delivery, struck)
                return
        if "drop" in struck:
            self._end(delivery, "dropped", done=True)
            return
        statuses, is_acknowledged = self._send(delivery, struck)
        waits = self._tellers[delivery.kind].waits_s
        if is_acknowledged or delivery.tries >= len(waits):
            self._end(delivery, "acknowledged" if is_acknowledged else "given up", statuses, done=True)
            if is_acknowledged:
                self._let_go(delivery.url)
        else:
            self._end(delivery, "refused", statuses, wait_s=waits[delivery.tries] * self._retry_scale)

    def _send(self, delivery: Delivery, struck: Struck) -> tuple[list[int | str], bool]:
        """Send it once, or as often as was ordered; a try counts as taken when any copy was."""
        teller = self._tellers[delivery.kind]
        copies = 1 + sum(int(struck[kind].value or 1) for kind in ("duplicate", "concurrent") if kind in struck)
        packet = teller.compose(delivery, struck)
        url = f"{delivery.url}?{packet.query}" if packet.query else delivery.url

        def post(_copy: int) -> tuple[int | str, bool]:
            try:
                answer = self._client.post(url, content=packet.body, headers=packet.headers)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return type(error).__name__, False
            return answer.status_code, teller.is_acknowledged(delivery, answer)

        if "concurrent" in struck:
            with ThreadPoolExecutor(max_workers=copies) as together:
                results = list(together.map(post, range(copies)))
        else:
            results = [post(copy) for copy in range(copies)]
        return [status for status, _ in results], any(taken for _, taken in results)

    def _hold(self, delivery: Delivery, struck: Struck) -> None:
        """Wait on order; what else struck this try strikes when it goes."""
        self._put_off[delivery.id] = struck
        fault = struck.get("delay") or struck["out_of_order"]
        seconds = float(fault.value if fault.value is not None else 1 if fault.kind == "delay" else HELD_S)
        with self._books.change() as change:
            if "out_of_order" in struck:
                self._held[delivery.id] = delivery.url
            change.execute("update delivery set due_at = ? where id = ?", (time.time() + seconds, delivery.id))
            note(change, time.time(), delivery.subject, told=delivery.event, outcome="held back")

    def _let_go(self, url: str) -> None:
        """Something was taken at an address: what waited for that goes next."""
        if url not in self._held.values():
            return
        with self._books.change() as change:
            for delivery_id in [held for held, where in self._held.items() if where == url]:
                del self._held[delivery_id]
                change.execute("update delivery set due_at = ? where id = ? and done = 0", (time.time(), delivery_id))

    def _end(
        self,
        delivery: Delivery,
        outcome: str,
        statuses: Sequence[int | str] = (),
        *,
        done: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        now = time.time()
        with self._books.change() as change:
            change.execute(
                "update delivery set done = ?, tries = tries + ?, due_at = ?, last_status = ? where id = ?",
                (int(done), int(bool(statuses)), now + wait_s, str(list(statuses) or outcome), delivery.id),
            )
            note(change, now, delivery.subject, told=delivery.event, outcome=outcome, statuses=list(statuses))
