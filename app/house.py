"""The house that `wattline up` runs: its folders and ports, its demo supplier, and what its starter is told."""

import enum
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import migrations
from app import demo

ROOT: Final = Path(__file__).parent.parent
ADMIN: Final = "admin"
"""Who looks after the demo supplier."""


@dataclass
class House:
    """What one home runs: folders, ports and the variables of its processes."""

    home: Path
    port: int
    sandbox_port: int
    valkey_port: int
    has_postgres: bool = True
    has_valkey: bool = True
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the portal."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Address of the sandbox."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def migrated_file(self) -> Path:
        """Exists once servers answer and the database has this version's schema: the web may start."""
        return self.home / "run" / "migrated"

    @property
    def ready_file(self) -> Path:
        """Exists once the portal answers: all else may start, without taking the processor from it before."""
        return self.home / "run" / "ready"

    def remember(self) -> None:
        """Keep the variables, secrets included, for commands that are run beside the house."""
        file = self.home / "run" / "variables.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.variables), encoding="utf-8")


class Profile(enum.StrEnum):
    """Which demo supplier to be."""

    CNY = "cny"
    EUR = "eur"


PROFILES: Final[dict[Profile, dict[str, str]]] = {
    Profile.CNY: {
        "WATTLINE_SUPPLIER_NAME": "江东供电",
        "WATTLINE_SUPPLIER_NAME_EN": "Jiangdong Power",
        "WATTLINE_PROFILE": "cny",
    },
    Profile.EUR: {
        "WATTLINE_SUPPLIER_NAME": "Rheinstrom",
        "WATTLINE_SUPPLIER_HOTLINE": "+49 800 555 0100",
        "WATTLINE_SUPPLIER_ZONE": "Europe/Berlin",
        "WATTLINE_SUPPLIER_CURRENCY": "EUR",
        "WATTLINE_SUPPLIER_LOCALES": "en,zh-CN",
        "WATTLINE_SUPPLIER_PHONE_REGION": "+49",
        "WATTLINE_SUPPLIER_ACCENT": "#1f4e8c",
        "WATTLINE_PROFILE": "eur",
    },
}


def recall(home: Path) -> None:
    """Give this process the settings of the house in `home`, when it was given no database of its own."""
    file = home / "run" / "variables.json"
    if {"WATTLINE_DATABASE_URL", "WATTLINE_DATABASE_URL_FILE"} & os.environ.keys() or not file.exists():
        return
    for name, value in json.loads(file.read_text(encoding="utf-8")).items():
        if name.startswith("WATTLINE_"):
            os.environ.setdefault(name, value)


def furnish(house: House) -> None:
    """Put the demo supplier in, once per database and version of the schema."""
    file = house.home / "run" / "demo.json"
    stands_for = [house.variables["WATTLINE_DATABASE_URL"], house.variables["WATTLINE_PROFILE"], migrations.head()]
    if file.exists() and json.loads(file.read_text(encoding="utf-8")).get("stands_for") == stands_for:
        return
    draft = file.with_suffix(".draft")
    told = json.loads(_command(house, "demo", "--json").stdout)
    draft.write_text(json.dumps({"stands_for": stands_for, **told, "staff": _invite(house)}), encoding="utf-8")
    draft.rename(file)


def _mini_programs(house: House) -> list[str]:
    apps = json.loads(house.variables.get("WATTLINE_WECHAT_APPS") or "[]")
    return [app["appid"] for app in apps if app["kind"] == "mini_program"]


def announce(house: House) -> None:
    """Say where everything is and who can sign in."""
    told = json.loads((house.home / "run" / "demo.json").read_text(encoding="utf-8"))
    people = told["people"]
    lines = [
        "",
        f"  Portal            {house.url}",
        f"  API               {house.url}/api/v1/openapi.json",
        f"  Sandbox           {house.sandbox_url}      pay and read messages here",
        f"  Messages (SMS)    {house.sandbox_url}/sms  the sign-in codes arrive here",
        *(f"  Mini-program      {appid}    examples/miniprogram/README.md walks it" for appid in _mini_programs(house)),
        "",
        "  Sign in with one of these telephones:",
        *(f"    {person['phone']}  {', '.join(person['accounts'])}" for person in people[:5]),
        "",
        f"  Console for staff {house.url}/staff    sign in as {ADMIN}; set password and authenticator here, once:",
        f"    {told['staff']}",
        "",
        "  Logs are in " + str(house.home / "log") + ". Ctrl-C stops everything.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _invite(house: House) -> str:
    """The address at which the demo's administrator joins, or how to make another when this house had one before."""
    root = demo.SUPPLIERS[house.variables["WATTLINE_PROFILE"]].units[0][0]
    wanted = ("--role", "admin", "--unit", root, "--display-name", "Demo Admin", "--json")
    done = _command(house, "staff", "add", ADMIN, *wanted, is_checked=False)
    if done.returncode:
        return f".venv/bin/wattline staff reset {ADMIN}   makes another address"
    return str(json.loads(done.stdout)["invitation"])


def _command(house: House, *arguments: str, is_checked: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **house.variables},
        check=is_checked,
        capture_output=True,
        text=True,
    )
