"""`wattline up`: everything on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from app import house
from core import logging

FAILED = 1


def up(
    home: Annotated[Path, typer.Option(envvar="WATTLINE_HOME", help="Folder for state, secrets and logs.")] = Path(
        ".wattline"
    ),
    profile: Annotated[
        house.Profile, typer.Option(envvar="WATTLINE_PROFILE", help="Which demo supplier to be.")
    ] = house.Profile.CNY,
) -> None:
    """Start everything on this machine: database, sandbox, web, workers; Ctrl-C stops it."""
    try:
        from app import supervisor  # noqa: PLC0415 -- needs the `embedded` extra, which servers do without
    except ImportError as reason:
        typer.echo(f"{reason.name} is not installed: `wattline up` needs the `embedded` extra", err=True)
        raise typer.Exit(FAILED) from reason

    logging.configure(level="WARNING")
    try:
        supervisor.up(home, profile=house.PROFILES[profile], after_migrations=house.furnish, ready=house.announce)
    except supervisor.CannotStart as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(FAILED) from reason
