"""The `wattline` command: `python -m app.cli`, or `wattline` where the environment's scripts are on the path."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

import migrations
from app import house
from app.commands import check_invariants, demo, doctor, import_
from core import config, logging

CANNOT_START: Final = 2

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs and looks after one Wattline deployment.",
)

cli.command("import")(import_.import_file)
cli.command("demo")(demo.demo_command)
cli.command("doctor")(doctor.doctor)
cli.command("check-invariants")(check_invariants.check_invariants)


@cli.command()
def up(
    home: Annotated[Path, typer.Option(envvar="WATTLINE_HOME", help="Folder for state, secrets and logs.")] = Path(
        ".wattline"
    ),
    profile: Annotated[
        house.Profile, typer.Option(envvar="WATTLINE_PROFILE", help="Which demo supplier to be.")
    ] = house.Profile.CNY,
) -> None:
    """Start everything on this machine: database, sandbox, web, workers; Ctrl-C stops it."""
    from app import supervisor  # noqa: PLC0415 -- needs the `embedded` extra, which servers do without

    logging.configure(level="WARNING")
    try:
        supervisor.up(home, profile=house.PROFILES[profile], after_migrations=house.furnish, ready=house.announce)
    except supervisor.CannotStart as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from reason


@cli.command()
def migrate() -> None:
    """Bring the database to this version's schema, as its owner."""
    settings = config.load()
    if settings.migration_database_url is None:
        typer.echo("WATTLINE_MIGRATION_DATABASE_URL is not set: migrations run as the owner role", err=True)
        raise typer.Exit(CANNOT_START)
    migrations.upgrade(settings.migration_database_url.get_secret_value())


def main() -> int:
    """Run a command; wrong settings are told by variable, with exit code 2."""
    try:
        cli()
    except (ValidationError, SettingsError) as error:
        for problem in config.problems(error):
            typer.echo(problem, err=True)
        return CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
