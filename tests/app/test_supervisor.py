"""`make run` as its user meets it: one house of real processes, started, hurt, and stopped.

Most tests share one house; those that end one come last, in the order of this file.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from app import embedded
from app.embedded import free_port
from core.config import PREFIX
from tests.support.processes import ROOT, wattline
from tests.support.waiting import wait_until

START_S: Final = 150.0
BACK_S: Final = 90.0
KINDS: Final = {
    "web": "app.serve",
    "relay": "app.relay",
    "worker": "app.worker worker",
    "scheduler": "app.worker beat",
    "sandbox": "-m sandbox",
    "postgres": "pginstall",
    "valkey": "valkey-server",
}
"""What is seen in the command line of each process of a house."""


class Home:
    """A folder and what `wattline up` makes of it."""

    def __init__(self, folder: Path, *, python: Path | None = None, **variables: str) -> None:
        self.folder = folder
        self._python = str(python or sys.executable)
        self._output = folder.with_suffix(".out")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.environment = {**clean, "WATTLINE_HOME": str(folder), "PYTHONPATH": str(ROOT), **variables}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Home":
        """Start it and wait until it says that it is ready."""
        with self._output.open("wb") as output:
            command = [self._python, "-m", "app.cli", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        wait_until(self._is_announced, timeout_s=START_S, message="the house did not become ready")
        return self

    def _is_announced(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said
        return "Ctrl-C stops everything" in self.said

    @property
    def said(self) -> str:
        """What it printed."""
        return self._output.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Address of the portal, as it was told."""
        found = re.search(r"Portal +(\S+)", self.said)
        assert found is not None, self.said
        return found[1]

    @property
    def sandbox_url(self) -> str:
        """Address of the sandbox, as it was told."""
        found = re.search(r"Sandbox +(\S+)", self.said)
        assert found is not None, self.said
        return found[1]

    @property
    def children(self) -> dict[str, list[psutil.Process]]:
        """Its processes by kind."""
        assert self.process is not None
        found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                line = " ".join(child.cmdline())
                above = child.parent()
                for kind, mark in KINDS.items():
                    if mark in line and (above is None or mark not in " ".join(above.cmdline())):
                        found[kind].append(child)
        return found

    def all_processes(self) -> list[psutil.Process]:
        """Its supervisor and everything below."""
        assert self.process is not None
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def is_ready(self) -> bool:
        """Whether `/readyz` is green, and stays so when the other web process answers."""
        return all(get(self.url + "/readyz") == 200 for _ in range(8))

    def wattline(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command run beside it, which finds the settings in the home."""
        return wattline(self.environment, *arguments)

    def end(self, number: signal.Signals) -> int:
        """Send the supervisor a signal and wait; answers its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=BACK_S)

    def clean(self) -> None:
        """Whatever a failed test left."""
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGTERM)


def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str) -> int:
    """The status of an address; zero when nobody answers."""
    try:
        with opener().open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def gone(processes: list[psutil.Process]) -> bool:
    return not [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def python_with_spaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This environment's Python under a path with spaces, as a clone in such a folder has it."""
    made = tmp_path_factory.mktemp("a clone") / "my own" / ".venv"
    made.mkdir(parents=True)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (made / name).symlink_to(Path(sys.prefix) / name)
    return made / "bin" / "python"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, python_with_spaces: Path) -> Iterator[Home]:
    """A house in a folder with spaces, long enough that its sockets need a place of their own."""
    folder = tmp_path_factory.mktemp("a house") / ("in a folder " + "far down " * 8) / "home"
    folder.parent.mkdir()
    started = Home(folder, python=python_with_spaces).start()
    yield started
    started.clean()


def test_a_house_in_a_folder_with_spaces_says_where_everything_is(house: Home) -> None:
    assert house.is_ready()
    assert get(house.url + "/") in {200, 303}
    assert get(house.url + "/api/v1/openapi.json") == 200
    assert get(house.sandbox_url + "/sms") == 200
    assert house.sandbox_url + "/sms" in house.said
    assert re.search(r"\+8613800138000 +3201000001", house.said)
    assert {kind: len(found) for kind, found in house.children.items()} == {**dict.fromkeys(KINDS, 1), "web": 2}


def test_nobody_else_can_read_the_secrets(house: Home) -> None:
    for name in ("secrets/master_key", "secrets/token_keys", "run/variables.json", "valkey/valkey.conf"):
        assert (house.folder / name).stat().st_mode & 0o077 == 0, name
    assert embedded.PostgresServer(house.folder).socket_folder.stat().st_mode & 0o077 == 0


def test_the_commands_of_the_first_steps_find_the_settings_of_the_house(house: Home) -> None:
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    commands = [
        shlex.split(line, comments=True) for line in re.findall(r"^\.venv/bin/wattline (.+)$", page, re.MULTILINE)
    ]
    assert {command[0] for command in commands} == {"demo", "doctor", "check-invariants", "staff", "import", "tariff"}
    for command in commands:
        if "FILE" not in command:  # what takes a file has tests of its own
            done = house.wattline(*command)
            assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_a_second_start_in_the_same_folder_is_refused(house: Home) -> None:
    refused = house.wattline("up")
    assert refused.returncode == 1
    assert house.process is not None
    assert f"Process {house.process.pid} runs {house.folder} already" in refused.stderr
    assert house.is_ready()


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("taken", "Port {port} is taken: choose another with WATTLINE_PORT"),
        ("80a", "WATTLINE_PORT is '80a', which is no port"),
    ],
)
def test_a_port_that_cannot_be_had_is_said(house: Home, tmp_path: Path, port: str, said: str) -> None:
    taken = house.url.rpartition(":")[2]
    beside = Home(tmp_path / "beside", WATTLINE_PORT=taken if port == "taken" else port)
    refused = beside.wattline("up")
    assert refused.returncode == 1
    assert said.format(port=taken) in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process_is_back_and_the_house_is_ready(house: Home, kind: str) -> None:
    killed = house.children[kind]
    for each in killed:
        each.kill()
    old = {each.pid for each in killed}

    def is_back() -> bool:
        found = [each for each in house.children[kind] if each.pid not in old]
        return len(found) == len(killed) and gone(killed)

    wait_until(is_back, timeout_s=BACK_S, message=f"{kind} did not come back")
    wait_until(house.is_ready, timeout_s=BACK_S, message="the house is not ready again")


def test_after_all_that_the_walk_of_the_readme_works_word_for_word(house: Home) -> None:
    """Web, database, relay, worker, broker and sandbox do their work again, each a process that was killed."""
    told = walk(house).stdout
    assert "'state': 'issued'" in told
    assert "{'amount_minor': 0, 'currency': 'CNY'}" in told
    assert "江东供电" in told.splitlines()[-1], told


def test_the_walk_of_the_readme_ends_with_a_word_where_nothing_is_due(house: Home) -> None:
    demo = json.loads((house.folder / "run" / "demo.json").read_text(encoding="utf-8"))
    paid_up = {each["account_no"] for each in demo["accounts"] if each["due"]["amount_minor"] == 0}
    phone = next(person["phone"] for person in demo["people"] if set(person["accounts"]) <= paid_up)
    told = walk(house, phone=phone.removeprefix("+86")).stdout
    assert "Nothing is due for 3201" in told.splitlines()[-1], told


def walk(house: Home, *, phone: str = "13800138000") -> "subprocess.CompletedProcess[str]":
    """Walk the README's way by curl, word for word but for addresses and the telephone."""
    if shutil.which("curl") is None and "CI" not in os.environ:
        pytest.skip("no curl here: run `python -m tools.browser`")
    blocks = re.findall(
        r"^```sh\n(.+?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (steps,) = [block for block in blocks if "auth/otp" in block]
    for told, real in (
        ("http://127.0.0.1:8000", house.url),
        ("http://127.0.0.1:8001", house.sandbox_url),
        ("13800138000", phone),
    ):
        assert steps.count(told) == 1
        steps = steps.replace(told, real)
    walked = subprocess.run(
        ["sh", "-eu", "-c", steps],
        env={**house.environment, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=BACK_S,
    )
    assert walked.returncode == 0, walked.stderr
    return walked


def test_a_house_beside_it_has_its_own_ports_and_ends_with_its_supervisor(house: Home, tmp_path: Path) -> None:
    beside = Home(tmp_path / "home", WATTLINE_PORT=str(free_port())).start()
    try:
        assert beside.url == f"http://127.0.0.1:{beside.environment['WATTLINE_PORT']}"
        assert len({house.url, house.sandbox_url, beside.url, beside.sandbox_url}) == 4
        assert house.is_ready()
        processes, port = beside.all_processes(), int(beside.url.rpartition(":")[2])
        assert beside.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: gone(processes), timeout_s=BACK_S, message="processes outlived their supervisor")
        assert not list(embedded.PostgresServer(beside.folder).socket_folder.glob(".s.*"))
        assert get(f"http://127.0.0.1:{port}/livez") == 0
        beside.start()
        assert beside.is_ready()
        processes = beside.all_processes()
        assert beside.end(signal.SIGHUP) == 0
        assert gone(processes)
    finally:
        beside.clean()
    assert house.is_ready()


def test_ctrl_c_stops_the_application_first_and_leaves_nothing(house: Home) -> None:
    processes, socket_folder = house.all_processes(), embedded.PostgresServer(house.folder).socket_folder
    assert socket_folder.parent != house.folder / "database"
    log = house.folder / "log" / "postgres.log"
    before = log.stat().st_size
    assert house.end(signal.SIGINT) == 0
    wait_until(lambda: gone(processes), timeout_s=BACK_S, message="a process stayed behind")
    assert not socket_folder.exists()
    assert not (house.folder / "run" / "ready").exists()
    assert b"terminating connection" not in log.read_bytes()[before:], "a process still used its database"
