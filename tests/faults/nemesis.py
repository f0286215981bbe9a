"""Whoever kills and freezes the parts of a deployment, at moments and in ways that a seed chooses."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.clients import Flight
from tests.faults.deployment import WEB, Deployment
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

FREEZE_S: Final = (0.5, 3.0)
BETWEEN: Final = 5
PROGRESS_S: Final = 180.0


@dataclass(frozen=True)
class Strike:
    """One blow: what it hit, how, how many payments were in flight then and at which stages, and what ended with it."""

    target: str
    manner: str
    in_flight: int
    stages: dict[str, int]
    seconds: float
    ended: tuple[str, ...]


MANNERS: Final[dict[str, tuple[str, ...]]] = {
    "web": ("kill", "kill", "stop", "freeze"),
    "worker": ("kill", "kill child", "stop", "freeze"),
    "scheduler": ("kill",),
    "relay": ("kill", "kill", "stop", "freeze"),
    "redis": ("kill and empty", "kill and empty", "freeze"),
    "postgres": ("kill", "kill", "kill session", "freeze"),
}

PROVIDER: Final[dict[tuple[str, str], dict[str, object]]] = {
    ("wechat_pay.notify", "drop"): {"probability": 0.1},
    ("wechat_pay.notify", "duplicate"): {"probability": 0.2, "value": 2},
    ("wechat_pay.notify", "concurrent"): {"probability": 0.2, "value": 3},
    ("wechat_pay.notify", "delay"): {"probability": 0.2, "value": 1},
    ("wechat_pay.native", "error_after"): {"probability": 0.04},
    ("wechat_pay.native", "drop_after"): {"probability": 0.04},
    ("wechat_pay.native", "rate_limited"): {"probability": 0.02},
    ("wechat_pay.query", "error_before"): {"probability": 0.1},
    ("wechat_pay.query", "drop_after"): {"probability": 0.1},
    ("aliyun_sms.SendSms", "drop_after"): {"probability": 0.1},
    ("aliyun_sms.SendSms", "error_before"): {"probability": 0.05},
    ("aliyun_sms.receipt", "duplicate"): {"probability": 0.2, "value": 2},
    ("aliyun_sms.receipt", "drop"): {"probability": 0.2},
}
"""How a provider may misbehave; a run takes about half of these."""


class Nemesis:
    """Strikes `count` times, each time with at least `in_flight` payments on their way.

    Between two blows some payments come to their end: a deployment that is struck without a pause shows little.
    """

    def __init__(self, deployment: Deployment, flight: Flight, *, seed: str, count: int, in_flight: int) -> None:
        self._deployment, self._flight, self._in_flight = deployment, flight, in_flight
        self._random = random.Random(seed)
        targets = [
            target
            for _ in range(-(-count // len(MANNERS)))
            for target in self._random.sample(list(MANNERS), len(MANNERS))
        ]
        self._plan = [(target, self._random.choice(MANNERS[target])) for target in targets[:count]]

    def misbehave(self, sandbox: SandboxProcess) -> list[str]:
        """Let the providers misbehave in some ways; answers which."""
        chosen = sorted(each for each in PROVIDER if self._random.random() < 0.5)
        for place, kind in chosen:
            sandbox.fault(place, kind, seed=self._random.getrandbits(31), **PROVIDER[place, kind])
        return [f"{place} {kind}" for place, kind in chosen]

    def strikes(self, note: Callable[[Strike], None]) -> list[Strike]:
        """Strike as planned; afterwards everything runs again."""
        done = []
        for target, manner in self._plan:
            wanted = self._flight.ended + BETWEEN
            wait_until(
                lambda wanted=wanted: self._flight.ended >= wanted,  # type: ignore[misc] # bound in each round
                timeout_s=PROGRESS_S,
                message=f"too few payments come to an end: {self._flight.stages()}",
            )
            stages = self._wait_a_moment()
            begun = time.monotonic()
            self._strike(target, manner)
            ended = tuple(self._deployment.supervise())
            self._deployment.wait_ready()
            strike = Strike(target, manner, stages.total(), dict(stages), time.monotonic() - begun, ended)
            note(strike)
            done.append(strike)
        return done

    def _wait_a_moment(self) -> Counter[str]:
        """A seeded moment later, if enough is still on its way then; else the next one."""
        limit = time.monotonic() + PROGRESS_S
        while True:
            assert time.monotonic() < limit, f"less than {self._in_flight} payments in flight: {self._flight.stages()}"
            time.sleep(self._random.uniform(0.0, 0.8))
            stages = self._flight.stages()
            if stages.total() >= self._in_flight:
                return stages

    def _strike(self, target: str, manner: str) -> None:
        name = self._random.choice(WEB) if target == "web" else target
        match target, manner:
            case _, "freeze":
                with self._deployment.frozen(name):
                    time.sleep(self._random.uniform(*FREEZE_S))
            case "redis", _:
                self._deployment.empty_redis()
            case "postgres", "kill":
                self._deployment.kill_postgres()
            case "postgres", _:
                self._deployment.kill_backend()
            case _, "kill child":
                self._deployment.kill_child(name)
            case _, "stop":
                self._deployment.kill(name, signal.SIGTERM)
            case _:
                self._deployment.kill(name)
