"""Our own programs as processes of their own, with the settings of a test."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.config import PREFIX, Settings
from tests.support.nursery import Child, nursery

ROOT = Path(__file__).parents[2]


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The variables that make another process read the same settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            kept[PREFIX + name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return {**kept, "PYTHONPATH": str(ROOT), **more}


class Heard:
    """A program whose output is kept until it has ended."""

    def __init__(self, environment: Mapping[str, str], *command: str, pass_fds: Sequence[int] = ()) -> None:
        self._command = command
        pipes = [os.pipe() for _ in range(2)]
        told, complained = (written for _, written in pipes)
        self.process = started(
            command, cwd=ROOT, environment=environment, stdout=told, stderr=complained, pass_fds=pass_fds
        )
        for _, written in pipes:
            os.close(written)
        self._readers = ThreadPoolExecutor(len(pipes))
        self._read = [self._readers.submit(_read_all, descriptor) for descriptor, _ in pipes]

    def finish(self, *, timeout_s: float = 150.0) -> "subprocess.CompletedProcess[str]":
        """Wait for its end and tell what it said; one that does not end is killed."""
        try:
            status = self.process.wait(timeout_s)
        finally:
            self.process.kill()
            self._readers.shutdown()
        return subprocess.CompletedProcess(self._command, status, *(each.result() for each in self._read))


def _read_all(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


def wattline(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, run to its end."""
    return Heard(environment, "-m", "app.cli", *arguments).finish()


def started(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdout: int,
    stderr: int,
    pass_fds: Sequence[int] = (),
) -> Child:
    """`python COMMAND`, which is `-m MODULE ...`, `-c SOURCE ...` or a file with its arguments; it ends with this process."""
    with Path(os.devnull).open("rb") as nothing:
        descriptors = {0: nothing.fileno(), 1: stdout, 2: stderr, **{each: each for each in pass_fds}}
        return nursery().fork(command, cwd=cwd, environment=environment, descriptors=descriptors)


@contextmanager
def running(settings: Settings, *arguments: str, log: Path, **variables: str) -> Iterator[Child]:
    """`python ARGUMENTS` until the block ends; its output goes to `log`."""
    with log.open("ab") as output:
        process = started(
            arguments,
            cwd=log.parent,
            environment=environment_of(settings, **variables),
            stdout=output.fileno(),
            stderr=output.fileno(),
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
