"""Runs one program below the supervisor: `python -m app.child [--after FILE] [--parent PID] -- PROGRAM ARGUMENT...`.

The program starts when FILE exists and ends when the supervisor does, even by kill -9: Linux signals it, elsewhere
this process stays above it and watches. (circus gives each child a session of its own: Ctrl-C is for the supervisor
alone, which stops all in order.)
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
LOOK_S: Final = 0.1


def end_with_parent(parent: int, stop: signal.Signals) -> None:
    """Ask Linux to signal this process when its parent dies; a change of user clears the wish, so ask after it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(stop))
        if os.getppid() != parent:
            os.kill(os.getpid(), stop)


def watch(
    command: list[str],
    *,
    stop: signal.Signals,
    parent: int,
    cwd: Path | None = None,
    prepare: Callable[[], None] | None = None,
) -> int:
    """Run a program below us and stop it when our parent is gone: for systems without the parent-death signal."""
    process = subprocess.Popen(  # noqa: S603 -- our own command
        command,
        cwd=cwd,
        close_fds=False,
        preexec_fn=prepare,  # noqa: PLW1509 -- no threads
    )
    for received in (signal.SIGTERM, signal.SIGINT):
        signal.signal(received, lambda *_: process.send_signal(stop))
    while True:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                process.send_signal(stop)


def main() -> int:
    """Wait, then become the program."""
    parser = argparse.ArgumentParser(prog="python -m app.child")
    parser.add_argument("--after", type=Path)
    parser.add_argument("--parent", type=int, default=os.getppid())
    parser.add_argument("program", nargs=argparse.REMAINDER)
    wanted = parser.parse_args()
    command = wanted.program[1:] if wanted.program[:1] == ["--"] else wanted.program
    end_with_parent(wanted.parent, signal.SIGTERM)
    while wanted.after is not None and not wanted.after.exists():
        if os.getppid() != wanted.parent:
            return 0
        time.sleep(LOOK_S)
    if sys.platform != "linux":
        return watch(command, stop=signal.SIGTERM, parent=wanted.parent)
    os.execv(command[0], command)  # noqa: S606 -- our own command, in our own place
    return 0


if __name__ == "__main__":
    sys.exit(main())
