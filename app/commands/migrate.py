"""`wattline migrate`: this version's schema."""

import typer

import migrations
from core import config

CANNOT_START = 2


def migrate() -> None:
    """Bring the database to this version's schema, as its owner."""
    settings = config.load()
    if settings.migration_database_url is None:
        typer.echo("WATTLINE_MIGRATION_DATABASE_URL is not set: migrations run as the owner role", err=True)
        raise typer.Exit(CANNOT_START)
    migrations.upgrade(settings.migration_database_url.get_secret_value())
