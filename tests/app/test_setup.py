"""What a machine is told when something is missing, before anything is installed."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM_TOOLS = ("sh", "uname", "dirname")


def set_up(tmp_path: Path, python: str | None, *, tools: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Run setup where PATH holds nothing but what is named; `python` is the text of a program that plays Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in SYSTEM_TOOLS:
        found = next(path for path in (Path("/usr/bin", name), Path("/bin", name)) if path.exists())
        (folder / name).symlink_to(found)
    for name in tools:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    if python is not None:
        (folder / "python3").write_text("#!/bin/sh\n" + python)
        (folder / "python3").chmod(0o755)
    return subprocess.run(
        [str(folder / "sh"), str(ROOT / "tools" / "setup.sh"), "python3", str(tmp_path / "venv")],
        cwd=tmp_path,
        env={**os.environ, "PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


OLD = 'case "$*" in *version_info*) exit 1;; *--version*) echo Python 3.9.2;; esac\n'
NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac\n'
MUSL = 'case "$*" in *libc_ver*) exit 1;; esac\n'


@pytest.mark.parametrize(
    ("python", "tools", "said"),
    [
        (None, ("apt-get",), ("Wattline needs Python 3.11 or newer.", "apt-get install python3 python3-venv")),
        (None, ("dnf",), ("dnf install python3.12",)),
        (OLD, ("apt-get",), ("python3 is Python 3.9.2", "make PYTHON=python3.12")),
        (NO_VENV, ("apt-get",), ("Wattline needs Python's venv module.", "apt-get install python3-venv")),
        (NO_VENV, (), ("On Debian or Ubuntu: apt-get install python3-venv",)),
        (MUSL, ("apk",), ("another C library", "compose.yaml")),
    ],
)
def test_setup_says_what_is_missing_and_how_it_is_installed(
    tmp_path: Path, python: str | None, tools: tuple[str, ...], said: tuple[str, ...]
) -> None:
    done = set_up(tmp_path, python, tools=tools)
    assert done.returncode == 1
    for text in said:
        assert text in done.stderr
    assert not (tmp_path / "venv").exists()
