"""Our programs as processes of their own, forked from one that has imported everything, which most of a start consists of.

A child has its own arguments, environment, folder and descriptors, runs its program from the first line of its module
and ends as any process does: only the imports of what it uses were done before. That the programs also start from
nothing is shown where the supervisor starts them.
"""

import array
import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.child import end_with_parent
from core.http import authorities

BEFOREHAND: Final = (
    *("app.main", "app.secrets", "app.demo", "jobs.relay", "sandbox.app", "rich.progress", "uvloop", "uvicorn"),
    *("celery.bin.celery", "celery.apps.worker", "celery.apps.beat", "celery.concurrency.solo"),
    *("celery.concurrency.prefork", "celery.worker.consumer", "celery.worker.autoscale", "kombu.transport.redis"),
)
PACKAGES: Final = ("app.commands", "jobs")
"""All their modules; `app.worker` reads its settings when it is imported, so each worker does that itself."""

BORROWED: Final = 200
"""Descriptors that came by the socket wait from here on until they have the numbers that the child was promised."""


HANDED_ON: Final = "WATTLINE_TEST_NURSERY"
"""Holds the descriptor by which a child of a nursery may ask that one for children, instead of starting its own."""


class Child:
    """A process that is a grandchild of this one: what tests use of `subprocess.Popen`."""

    def __init__(self, pid: int, ended: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._read(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; raises TimeoutExpired."""
        status = self._read(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(["a program of a test"], timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Signal it, if it lives."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _read(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                self._ended.settimeout(timeout)
                try:
                    told = _line(self._ended)
                except (TimeoutError, BlockingIOError):
                    return None
                self.returncode = os.waitstatus_to_exitcode(int(told)) if told else -signal.SIGKILL
                self._ended.close()
            return self.returncode


class Nursery:
    """The process that forks, as tests see it; it and all its children end with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        if handed_on := os.environ.get(HANDED_ON):
            self._control = socket.socket(fileno=int(handed_on))
        else:
            self._start()
        atexit.register(self.close)

    @property
    def control(self) -> int:
        """The descriptor of `HANDED_ON`, for a child that gets it too."""
        return self._control.fileno()

    def _start(self) -> None:
        here, there = socket.socketpair()
        self._control = here
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.nursery", str(there.fileno())],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
            )

    def close(self) -> None:
        """Let it go."""
        self._control.close()
        if self._process is not None:
            self._process.wait()

    def fork(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], descriptors: Mapping[int, int]
    ) -> Child:
        """`python ARGUMENTS` (`-m MODULE ...`, `-c SOURCE ...` or a file) with these descriptors: the child's number -> ours."""
        here, there = socket.socketpair()
        with there, self._lock:
            socket.send_fds(self._control, [b"."], [there.fileno(), *descriptors.values()])
        order = {
            "arguments": list(arguments),
            "cwd": str(cwd),
            "environment": dict(environment),
            "numbers": list(descriptors),
        }
        here.sendall(json.dumps(order).encode() + b"\n")
        told = _line(here)
        assert told, "the nursery has ended"
        return Child(int(told), here)


_nursery: Nursery | None = None


def nursery() -> Nursery:
    """This process's nursery, which is started when it is first needed."""
    global _nursery  # noqa: PLW0603 -- one per process
    if _nursery is None:
        _nursery = Nursery()
    return _nursery


def _line(connection: socket.socket) -> bytes:
    """What came up to the end of a line; empty where the other side is gone."""
    told = bytearray()
    while not told.endswith(b"\n"):
        came = connection.recv(1)
        if not came:
            return b""
        told += came
    return bytes(told)


def _prepare() -> None:
    below = [
        found.name
        for package in PACKAGES
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    ]
    for name in (*BEFOREHAND, *below):
        importlib.import_module(name)
    authorities()
    gc.collect()
    gc.freeze()


def _received(control: socket.socket) -> list[int]:
    """The descriptors of the next order; none where there will be no other."""
    size = array.array("i").itemsize
    told, ancillary, *_ = control.recvmsg(1, socket.CMSG_LEN(32 * size))
    found = array.array("i")
    for _, _, data in ancillary if told else ():
        found.frombytes(data[: len(data) - len(data) % size])
    return list(found)


def _await(control: socket.socket) -> list[str]:
    """Fork for each order; answers, in a child, what it shall run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    own = os.getpid()
    while received := _received(control):
        if os.fork() == 0:
            control.close()
            return _keep(own, received)
        for descriptor in received:
            os.close(descriptor)
    sys.exit(0)


def _keep(parent: int, received: list[int]) -> list[str]:
    """Fork once more, tell the child's number and its end; answers, in that child, what it shall run."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent(parent, signal.SIGTERM)
    connection = socket.socket(fileno=received[0])
    with connection.makefile("rb") as told:
        order = json.loads(told.readline())
    own = os.getpid()
    child = os.fork()
    if child == 0:
        connection.close()
        end_with_parent(own, signal.SIGTERM)
        _take_place(received[1:], order["numbers"])
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        arguments: list[str] = order["arguments"]
        return arguments
    for descriptor in received[1:]:
        os.close(descriptor)
    connection.sendall(b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):  # whoever asked for it may be gone
        connection.sendall(b"%d\n" % status)
    os._exit(0)


def _take_place(received: Iterable[int], numbers: Iterable[int]) -> None:
    waiting = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, BORROWED) for descriptor in received]
    for descriptor in received:
        os.close(descriptor)
    for descriptor, number in zip(waiting, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def main() -> None:
    """Serve orders until there are no more; in a child, become its program."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _prepare()
        arguments = _await(control)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})
    else:
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
