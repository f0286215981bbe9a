"""Our own programs as processes of their own, with the settings of a test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from core.config import PREFIX, Settings

ROOT = Path(__file__).parents[2]


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The variables that make another process read the same settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            kept[PREFIX + name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def wattline(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def running(settings: Settings, *arguments: str, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python ARGUMENTS` until the block ends; its output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=log.parent,
            env=environment_of(settings, **variables),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
