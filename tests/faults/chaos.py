"""`make chaos [SEED=n]`: customers pay while parts of the deployment die, then everything is counted.

Each mode is one run: `kills` (providers misbehave, all parts die), `poller-alone` (every callback is dropped),
`callbacks-alone` (nobody asks the provider by the clock). A run has two phases: faults, under which nothing may be lost
or doubled; then none, and all must come to an end. What a failing run leaves lies in `build/chaos/<seed>-<mode>`; what
was counted is told as a table and kept in `build/chaos/<seed>.json`.
"""

import argparse
import json
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from core.crypto.tokens import TokenKeys
from core.db import Database
from tests.faults.clients import PATIENCE_S, Client, Customer, Flight, Recorder, World, amounts_of, settle_down
from tests.faults.deployment import Deployment, deployed
from tests.faults.nemesis import Nemesis, Strike
from tests.faults.verdict import Verdict, hurry, judged, run_dry
from tests.support.processes import ROOT

LIVENESS_S: Final = 600.0
FOLDER: Final = ROOT / "build" / "chaos"


@dataclass(frozen=True)
class Plan:
    """What one run is made of."""

    strikes: int
    customers: int
    devices: int
    in_flight: int
    misbehaviour: bool = False
    callbacks: bool = True
    poller: bool = True
    in_a_hurry: bool = False
    """Leases and schedules are cut short once the faults are over: for the suite."""


PLANS: Final[dict[str, Plan]] = {
    "kills": Plan(strikes=36, customers=30, devices=2, in_flight=20, misbehaviour=True),
    "poller-alone": Plan(strikes=32, customers=30, devices=2, in_flight=20, callbacks=False),
    "callbacks-alone": Plan(strikes=32, customers=30, devices=2, in_flight=20, poller=False),
}
SHORT: Final = Plan(strikes=6, customers=12, devices=2, in_flight=12, misbehaviour=True, in_a_hurry=True)


COLUMNS: Final = (
    *("mode", "seed", "strikes", "least in flight", "payments", "paid at the provider", "entries"),
    *("receipts counted at the provider", "unknowable messages", "breaches", "seconds"),
)
"""What the table tells of a run: figures, and of a list how long it is."""


class Failed(AssertionError):
    """A run found something; says the seed, so that it can be run again, and what was counted if it came so far."""

    def __init__(self, message: str, figures: dict[str, Any]) -> None:
        super().__init__(message)
        self.figures = figures


def run(mode: str, plan: Plan, *, seed: int, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """One run; answers its figures. Raises Failed, and then leaves its artefacts in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.monotonic()
    try:
        with deployed(folder, has_poller=plan.poller) as deployment:
            figures, verdict = _phases(deployment, plan, seed=seed, say=say)
    except Exception as error:
        msg = f"chaos {mode}, seed {seed}: {error}\nartefacts: {folder}"
        raise Failed(msg, {"mode": mode, "seed": seed, "error": str(error)}) from error
    seconds = round(time.monotonic() - begun)
    figures = {"mode": mode, "seed": seed, "seconds": seconds, "breaches": verdict.breaches, **figures}
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if verdict.breaches:
        (folder / "breaches.txt").write_text("\n".join(verdict.breaches), encoding="utf-8")
        (folder / "books.json").write_text(json.dumps([asdict(entry) for entry in verdict.history.entries]))
        listed = "\n".join(verdict.breaches[:20])
        msg = f"chaos {mode}, seed {seed}: {len(verdict.breaches)} breaches\n{listed}\nartefacts: {folder}"
        raise Failed(msg, figures)
    shutil.rmtree(folder)
    return figures


def _phases(
    deployment: Deployment, plan: Plan, *, seed: int, say: Callable[[str], None]
) -> tuple[dict[str, Any], Verdict]:
    with ExitStack() as stack:
        recorder = Recorder(deployment.folder / "history.jsonl")
        world, customers = _people(deployment, plan, recorder)
        amounts = amounts_of(customers)
        clients = [
            Client(world, each, device, seed=f"{seed} {each.name} {device}", amounts=amounts[each.account_no])
            for each in customers
            for device in range(plan.devices)
        ]
        for client in clients:
            stack.enter_context(closing(client))
        nemesis = Nemesis(deployment, world.flight, seed=f"{seed}", count=plan.strikes, in_flight=plan.in_flight)
        if not plan.callbacks:
            deployment.sandbox.fault("wechat_pay.notify", "drop")
        misbehaviour = nemesis.misbehave(deployment.sandbox) if plan.misbehaviour else []
        for client in clients:
            client.start()
        strikes = nemesis.strikes(lambda strike: say(_line(strike)))
        world.stop.set()
        if plan.callbacks:
            deployment.sandbox.clear_faults()
        _join(clients, deployment, plan)
        drained_s = run_dry(deployment, limit_s=LIVENESS_S, in_a_hurry=plan.in_a_hurry)
        for client, other in zip(clients, clients[plan.devices :] + clients[: plan.devices], strict=True):
            client.look_around(other.customer.account_no)
        verdict = judged(deployment, recorder, customers)
        return _figures(strikes, misbehaviour, drained_s, verdict), verdict


def _people(deployment: Deployment, plan: Plan, recorder: Recorder) -> tuple[World, list[Customer]]:
    """Customers with their accounts, and what all their devices share."""
    settings = deployment.settings
    db = Database(settings.database_url.get_secret_value())
    customers = settle_down(db, settings, customers=plan.customers, devices=plan.devices)
    db.close()
    keys = TokenKeys(settings.token_keys.get_secret_value(), issuer=settings.public_url, audience=settings.public_url)
    sandbox = deployment.sandbox.base_url
    return World(settings, keys, sandbox, recorder, Flight(), threading.Event(), PATIENCE_S), customers


def _join(clients: list[Client], deployment: Deployment, plan: Plan) -> None:
    """Wait until every client has seen the end of what it began."""
    limit = time.monotonic() + LIVENESS_S
    while living := [client for client in clients if client.is_alive()]:
        assert time.monotonic() < limit, f"{len(living)} clients still wait for the end of their payments"
        deployment.supervise()
        if plan.in_a_hurry:
            hurry(deployment)
        living[0].join(1.0)


def _line(strike: Strike) -> str:
    ended = f", ended with it: {', '.join(strike.ended)}" if strike.ended else ""
    return f"{strike.target:>9} {strike.manner:<14} {strike.in_flight} in flight {strike.stages}, ready after {strike.seconds:.1f} s{ended}"


def _figures(strikes: list[Strike], misbehaviour: list[str], drained_s: float, verdict: Verdict) -> dict[str, Any]:
    return {
        "strikes": len(strikes),
        "by manner": dict(Counter(f"{strike.target} {strike.manner}" for strike in strikes)),
        "least in flight": min(strike.in_flight for strike in strikes),
        "slowest return (s)": round(max(strike.seconds for strike in strikes), 1),
        "ended with others": dict(Counter(name for strike in strikes for name in strike.ended)),
        "provider": misbehaviour,
        "drained (s)": round(drained_s),
        **verdict.figures,
    }


def main() -> int:
    """Run the modes that are asked for."""
    parser = argparse.ArgumentParser(prog="make chaos", description="Customers pay while the deployment dies.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--mode", choices=[*PLANS, "all"], default="all")
    wanted = parser.parse_args()
    found = []
    for mode in PLANS if wanted.mode == "all" else [wanted.mode]:
        _say(f"chaos {mode}, seed {wanted.seed}, process {os.getpid()}")
        try:
            folder = FOLDER / f"{wanted.seed}-{mode}"
            found.append(run(mode, PLANS[mode], seed=wanted.seed, folder=folder, say=_say))
        except Failed as failure:
            _say(f"FAILED {failure}")
            found.append(failure.figures)
        _say(json.dumps(found[-1], indent=1, ensure_ascii=False))
    (FOLDER / f"{wanted.seed}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    _say(table(found))
    return 0 if all(figures.get("breaches") == [] for figures in found) else 1


def table(found: list[dict[str, Any]]) -> str:
    """The runs, one a line; of a run that did not come to its end only what is known."""

    def cell(value: object) -> str:
        return str(len(value) if isinstance(value, list) else value)

    rows = [COLUMNS, *([cell(figures.get(column, "-")) for column in COLUMNS] for figures in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
