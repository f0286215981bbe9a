"""`wattline service-client ...`: programs of the supplier that call the back office's API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from app.commands.import_ import operator
from core import clock, config
from core.db import Database, WriteSession
from core.errors import Refusal
from services.identity import operations, queries
from services.identity.operations import IssuedSecret
from services.identity.queries import ServiceScope

REFUSED = 2
cli = typer.Typer(no_args_is_help=True, help="Programs of the supplier that call the back office's API.")


@cli.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is, for people: `billing`.")],
    scope: Annotated[list[ServiceScope], typer.Option(help="What it may do; several times for several.")],
) -> None:
    """Make a program known and print its secret, this once."""
    _issue(lambda session: operations.add_client(session, name=name, scopes=scope, actor=operator(), now=clock.now()))


@cli.command("rotate")
def rotate(
    client_id: Annotated[str, typer.Argument(help="The program's client id.")],
    overlap_days: Annotated[int, typer.Option(min=0, max=30, help="How long the secret before lives on.")] = 7,
) -> None:
    """Print a new secret, this once; the one before lives on for the overlap, any other ends now."""
    overlap = timedelta(days=overlap_days)
    _issue(
        lambda session: operations.rotate_secret(
            session, client_id=client_id, actor=operator(), now=clock.now(), overlap=overlap
        )
    )


@cli.command("disable")
def disable(client_id: Annotated[str, typer.Argument(help="The program's client id.")]) -> None:
    """Shut a program out at once, with every token that it has."""
    with _database() as db, db.write() as session:
        operations.disable_client(session, client_id=client_id, actor=operator())
    typer.echo(f"{client_id} is disabled")


@cli.command("list")
def show() -> None:
    """Show all programs: scopes, state, last use, and how many secrets live."""
    with _database() as db, db.read() as session:
        for each in queries.service_clients(session, now=clock.now()):
            used = "never used" if each.last_used_at is None else f"last used {each.last_used_at.isoformat()}"
            scopes = ", ".join(each.scopes)
            typer.echo(f"{each.client_id}  {each.name}  {each.state}  {scopes}  {len(each.secrets)} secrets  {used}")


def _issue(work: Callable[[WriteSession], IssuedSecret]) -> None:
    with _database() as db, db.write() as session:
        issued = work(session)
    typer.echo(f"client_id      {issued.client_id}")
    typer.echo(f"client_secret  {issued.secret}")
    typer.echo("The secret is kept nowhere here: store it now.", err=True)


@contextmanager
def _database() -> Iterator[Database]:
    db = Database(config.load().database_url.get_secret_value())
    try:
        yield db
    except Refusal as refusal:
        typer.echo(refusal.code, err=True)
        raise typer.Exit(REFUSED) from refusal
    finally:
        db.close()
