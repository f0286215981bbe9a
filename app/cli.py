"""The `wattline` command: `python -m app.cli`, or `wattline` where the environment's scripts are on the path."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import migrations
from app import house
from app.commands import demo, import_
from core import config, logging
from core.db import Database

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs and looks after one Wattline deployment.",
)


cli.command("import")(import_.import_file)
cli.command("demo")(demo.demo_command)


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
        raise typer.Exit(2)
    migrations.upgrade(settings.migration_database_url.get_secret_value())


def database() -> Database:
    """The database of this command, as the application's role."""
    return Database(config.load().database_url.get_secret_value(), pool_size=14)


def main() -> int:
    """Run a command."""
    cli()
    return 0


if __name__ == "__main__":
    sys.exit(main())
