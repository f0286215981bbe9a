"""The `wattline` command: `.venv/bin/wattline`, or `python -m app.cli`.

A command is imported when it is asked for: `up` must start quickly, and serves where others' needs are not installed.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from app import house
from core import config

CANNOT_START: Final = 2
COMMANDS: Final[Mapping[str, str]] = {
    "up": "up",
    "migrate": "migrate",
    "demo": "demo_command",
    "import": "import_file",
    "export": "cli",
    "doctor": "doctor",
    "check-invariants": "check_invariants",
    "rotate-keys": "rotate_keys",
    "erase-customer": "erase_customer",
    "staff": "staff",
    "service-client": "cli",
    "tariff": "tariff",
}
"""Name -> function or group; the module of `app.commands` has the command's name, as Python can write it."""


def cli_of(names: Iterable[str]) -> typer.Typer:
    """The program with these commands."""
    cli = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Runs and looks after one Wattline deployment.",
    )
    cli.callback()(lambda: None)
    for name in names:
        module = name.replace("-", "_") + ("_" if name == "import" else "")
        found = getattr(import_module(f"app.commands.{module}"), COMMANDS[name])
        if isinstance(found, typer.Typer):
            cli.add_typer(found, name=name)
        else:
            cli.command(name)(found)
    return cli


def main() -> int:
    """Run a command; wrong settings are told by variable, with exit code 2."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked != "up":
        house.recall(Path(os.environ.get("WATTLINE_HOME", ".wattline")))
    try:
        cli_of([asked] if asked in COMMANDS else COMMANDS)(prog_name="wattline")
    except (ValidationError, SettingsError) as error:
        for problem in config.problems(error):
            typer.echo(problem, err=True)
        return CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
