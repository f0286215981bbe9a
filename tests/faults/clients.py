"""Customers who pay by several devices at once, and write down what they did and what they were told."""

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import httpx

from core.config import Settings
from core.crypto.tokens import LIFETIME, TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.idempotency import LEASE_S
from services.identity.operations import OpenedSession
from tests.factories.accounts import grant, make_account, make_user
from tests.factories.billing import make_bill
from tests.factories.identity import access_token, app_session
from tests.faults.checker import Grant, Operation

MOST_PAYMENTS: Final = 39
"""Payments of one account: of 1, 2, 4, 8 ... fen, so that each balance names the payments that are in it.

The last one is as much as the provider takes at once."""

OWED_MINOR: Final = 1 << MOST_PAYMENTS
TIMEOUT_S: Final = 8.0
ABANDONED: Final = 0.05
"""Share of payments that are begun and never paid."""

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True)
class Customer:
    """A person, their telephone, and the one account that they own."""

    phone: str
    account_no: str
    user_id: UUID
    devices: tuple[OpenedSession, ...]

    @property
    def name(self) -> str:
        """How histories call the person."""
        return self.phone[-8:]


class Recorder:
    """What clients did, in memory and as JSON lines on disk. One clock: the machine's."""

    def __init__(self, file: Path) -> None:
        self.operations: list[Operation] = []
        self.tokens: dict[str, str] = {}
        """The provider's token of each payment, from the QR code that its payer was shown."""
        self.trouble: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self._file = file
        self._lock = threading.Lock()

    def add(self, operation: Operation) -> None:
        """Write an operation down."""
        with self._lock:
            self.operations.append(operation)
            self.outcomes[f"{operation.kind} {operation.outcome}"] += 1
            with self._file.open("a", encoding="utf-8") as history:
                history.write(json.dumps(asdict(operation)) + "\n")

    def complain(self, text: str) -> None:
        """Something that no fault excuses."""
        with self._lock:
            self.trouble.append(text)


class Flight:
    """Payments between the first request and the moment at which their payer saw the end."""

    def __init__(self) -> None:
        self.ended = 0
        self._stages: dict[str, str] = {}
        self._lock = threading.Lock()

    def move(self, key: str, stage: str | None) -> None:
        """A payment comes to a stage; None: it is over."""
        with self._lock:
            if stage is None:
                self._stages.pop(key, None)
                self.ended += 1
            else:
                self._stages[key] = stage

    def stages(self) -> Counter[str]:
        """How many payments are at each stage."""
        with self._lock:
            return Counter(self._stages.values())


@dataclass(frozen=True)
class World:
    """What all clients of a run share."""

    settings: Settings
    keys: TokenKeys
    sandbox_url: str
    recorder: Recorder
    flight: Flight
    stop: threading.Event
    """No new payments from now on."""
    patience_s: float


class Client(threading.Thread):
    """One device of a customer: it begins payments, pays them, and looks, until it is told to stop."""

    def __init__(
        self, world: World, customer: Customer, device: int, *, seed: str, amounts: Callable[[], int | None]
    ) -> None:
        super().__init__(name=f"{customer.name}.{device}", daemon=True)
        self._world, self.customer, self._opened = world, customer, customer.devices[device]
        self._amounts = amounts
        self._random = random.Random(seed)
        self._http = httpx.Client(base_url=world.settings.public_url, timeout=TIMEOUT_S, trust_env=False)
        self._payer = httpx.Client(base_url=world.sandbox_url, timeout=30, trust_env=False)
        self._token, self._token_until = "", datetime.min.replace(tzinfo=UTC)

    def run(self) -> None:
        """Pay until there is nothing left or it is over."""
        try:
            while not self._world.stop.is_set() and (amount := self._amounts()) is not None:
                self._one_payment(amount)
        except Exception as error:  # noqa: BLE001 -- a client that dies is trouble of the run, told with the rest
            self._world.recorder.complain(f"client {self.name} died: {type(error).__name__}: {error}")

    def _one_payment(self, amount: int) -> None:
        key = str(uuid.UUID(int=self._random.getrandbits(128)))
        flight = self._world.flight
        flight.move(key, "starting")
        limit = time.monotonic() + self._world.patience_s
        started = self._start(key, amount, limit)
        if started is None:
            flight.move(key, None)
            return
        number, code = started
        self._world.recorder.tokens[number] = code
        flight.move(key, "unpaid")
        if self._random.random() < ABANDONED:
            self._see(number)
            flight.move(key, None)
            return
        self._world.stop.wait(self._random.uniform(0, 1.5))
        self._pay(code)
        flight.move(key, "paid, not seen")
        while self._see(number) != "paid":
            if time.monotonic() > limit:
                self._world.recorder.complain(f"{number} of {self.name} was paid and is not booked in time")
                break
            time.sleep(0.4)
        flight.move(key, None)
        self._balance()

    def _start(self, key: str, amount: int, limit: float) -> tuple[str, str] | None:
        """Ask with one key until there is an answer, then for the QR code if the provider's answer was lost."""
        body = {"account_no": self.customer.account_no, "amount_minor": amount, "method": "wechat_native"}
        while True:
            answer, begun, ended = self._ask("POST", "/api/v1/payments", key=key, body=body)
            outcome = _outcome(answer)
            told = answer.json() if answer is not None and outcome == "ok" else None
            number = None if told is None else told["payment"]["payment_no"]
            text = None if answer is None or told is None else answer.text
            self._record("start", key, begun, ended, outcome, payment=number, answer=text, amount=amount)
            if told is not None and number is not None:
                pay = told["pay"] or self._again(number, limit)
                return None if pay is None else (number, pay["code_url"].partition("pr=")[2])
            if outcome == "fail" and answer is not None:
                self._world.recorder.complain(f"{self.name} was refused: {answer.status_code} {answer.text[:200]}")
                return None
            if time.monotonic() > limit:
                self._world.recorder.complain(f"{self.name} got no answer to {key} within {self._world.patience_s} s")
                return None
            time.sleep(self._random.uniform(0.3, 1.0))

    def _again(self, number: str, limit: float) -> dict[str, Any] | None:
        while time.monotonic() < limit:
            key = str(uuid.UUID(int=self._random.getrandbits(128)))
            answer, _, _ = self._ask("POST", f"/api/v1/payments/{number}/attempts", key=key, body={})
            if answer is not None and answer.status_code == 201 and (pay := answer.json()["pay"]) is not None:
                given: dict[str, Any] = pay
                return given
            time.sleep(self._random.uniform(0.5, 1.5))
        self._world.recorder.complain(f"{number} of {self.name} never got its QR code")
        return None

    def _pay(self, code: str) -> None:
        """As a person does on the provider's page, who presses again when the page does not load."""
        for _ in range(5):
            try:
                answer = self._payer.post("/wechat-pay/pay", data={"pr": code, "act": "pay"})
            except httpx.TransportError:
                continue
            if answer.status_code in {303, 409}:  # now, or by the press before
                return
        self._world.recorder.complain(f"{self.name} could not pay")

    def _see(self, number: str) -> str | None:
        answer, begun, ended = self._ask("GET", f"/api/v1/payments/{number}")
        outcome = _outcome(answer)
        state = answer.json()["state"] if answer is not None and outcome == "ok" else None
        self._record("read_status", number, begun, ended, outcome, payment=number, answer=state)
        return state

    def _balance(self) -> None:
        number = self.customer.account_no
        answer, begun, ended = self._ask("GET", f"/api/v1/accounts/{number}")
        outcome = _outcome(answer)
        due = answer.json()["due"]["amount_minor"] if answer is not None and outcome == "ok" else None
        self._record("read_balance", number, begun, ended, outcome, balance=due)

    def look_around(self, account_no: str) -> None:
        """When all is over: read the own balance, and try to read somebody else's."""
        self._balance()
        answer, begun, ended = self._ask("GET", f"/api/v1/accounts/{account_no}")
        self._world.recorder.add(
            Operation(self.name, "read_balance", account_no, account_no, begun, ended, _outcome(answer))
        )

    def close(self) -> None:
        """Hang up."""
        self._http.close()
        self._payer.close()

    def _ask(
        self, method: str, path: str, *, key: str | None = None, body: object = None
    ) -> tuple[httpx.Response | None, float, float]:
        """One request with its times; no answer when the connection broke or it took too long."""
        headers = {"authorization": f"Bearer {self._bearer()}"}
        if key is not None:
            headers["idempotency-key"] = key
        begun = time.time()
        try:
            answer = self._http.request(method, path, headers=headers, json=body)
        except httpx.TransportError:
            return None, begun, time.time()
        return answer, begun, time.time()

    def _bearer(self) -> str:
        now = datetime.now(UTC)
        if now > self._token_until:
            self._token = access_token(self._world.keys, self._opened, now=now)
            self._token_until = now + LIFETIME - timedelta(minutes=2)
        return self._token

    def _record(
        self,
        kind: Literal["start", "read_status", "read_balance"],
        key: str,
        begun: float,
        ended: float,
        outcome: Outcome,
        **more: Any,
    ) -> None:
        account = self.customer.account_no
        self._world.recorder.add(Operation(self.name, kind, key, account, begun, ended, outcome, **more))


def _outcome(answer: httpx.Response | None) -> Outcome:
    """Jepsen's convention: what may have happened is unknown. A key whose first request still runs says nothing yet."""
    if answer is None or answer.status_code >= 500 or answer.status_code == 429:
        return "unknown"
    if answer.status_code == 409 and answer.json().get("code") == "request_in_flight":
        return "unknown"
    return "ok" if answer.status_code < 300 else "fail"


def settle_down(db: Database, settings: Settings, *, customers: int, devices: int) -> list[Customer]:
    """People with one account, one large bill and `devices` signed-in devices each."""
    vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
    made = []
    with db.write() as session:
        for number in range(customers):
            phone = f"+86139{number:08d}"
            user_id = make_user(session, vault, phone=phone)
            account = make_account(session, vault, phone=None, account_no=f"60{number:08d}")
            grant(session, user_id=user_id, account_id=account.id)
            make_bill(session, account, amount_minor=OWED_MINOR, bill_no=f"C{number:010d}")
            opened = tuple(app_session(session, user_id=user_id) for _ in range(devices))
            made.append(Customer(phone, account.account_no, user_id, opened))
    return made


def amounts_of(customers: list[Customer]) -> dict[str, Callable[[], int | None]]:
    """Per account: the next power of two, for whichever of its devices asks first."""

    def counter() -> Callable[[], int | None]:
        numbers, lock = iter(range(MOST_PAYMENTS)), threading.Lock()

        def following() -> int | None:
            with lock:
                number = next(numbers, None)
            return None if number is None else 1 << number

        return following

    return {customer.account_no: counter() for customer in customers}


def grants_of(customers: list[Customer]) -> list[Grant]:
    """Each device may see its owner's account, all the time."""
    return [
        Grant(f"{customer.name}.{device}", customer.account_no, 0.0, float("inf"))
        for customer in customers
        for device in range(len(customer.devices))
    ]


PATIENCE_S: Final = LEASE_S + 450.0
"""The poller asks after 15, 45, 105 and 285 seconds: a payment whose notice was dropped may wait so long."""
