"""`wattline service-client ...`: programs of the supplier that call the back office's API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from app.commands.import_ import explained, operator
from core import clock, config
from core.db import Database, WriteSession
from core.errors import Refusal
from services.accounts import operations as accounts
from services.accounts.queries import programs
from services.identity import operations, queries
from services.identity.errors import ServiceClientUnknown
from services.identity.operations import IssuedSecret
from services.identity.queries import ServiceScope

REFUSED = 2
OF_UNITS = "Code of a unit in which it may act, with all below; several times for several."
OF_NETWORKS = "Address or network (CIDR) that it may call from; several times. From everywhere when none is named."
cli = typer.Typer(no_args_is_help=True, help="Programs of the supplier that call the back office's API.")


@cli.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is, for people: `billing`.")],
    scope: Annotated[list[ServiceScope], typer.Option(help="What it may do; several times for several.")],
    unit: Annotated[list[str] | None, typer.Option(help=OF_UNITS)] = None,
    network: Annotated[list[str] | None, typer.Option(help=OF_NETWORKS)] = None,
) -> None:
    """Make a program known and print its secret, this once. Without a unit it may act nowhere until it gets some."""

    def work(session: WriteSession) -> IssuedSecret:
        issued = operations.add_client(
            session, name=name, scopes=scope, actor=operator(), now=clock.now(), networks=network or ()
        )
        if unit:
            _give(session, issued.client_id, unit)
        return issued

    issued = _issue(work)
    if not unit:
        typer.echo(
            "It may act in no unit yet: its calls are answered 403 units_missing until "
            f"`wattline service-client units {issued.client_id} --unit CODE`.",
            err=True,
        )


@cli.command("units")
def units(
    client_id: Annotated[str, typer.Argument(help="The program's client id.")],
    unit: Annotated[list[str], typer.Option(help="Code of a unit in which it may act, with all below; several times.")],
) -> None:
    """Let a program read and write in these units, and no others from now on."""
    with _database() as db, db.write() as session:
        _give(session, client_id, unit)
    typer.echo(f"{client_id} acts in {', '.join(unit)}")


@cli.command("networks")
def networks(
    client_id: Annotated[str, typer.Argument(help="The program's client id.")],
    network: Annotated[list[str] | None, typer.Option(help=OF_NETWORKS)] = None,
) -> None:
    """Let a program call from these networks, and from no others from now on, with every token that it has."""
    with _database() as db, db.write() as session:
        operations.bind_client(session, client_id=client_id, networks=network or (), actor=operator())
    typer.echo(f"{client_id} calls from {', '.join(network or ['everywhere'])}")


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
    """Show all programs: scopes, state, units they act in, how many secrets live, and last use."""
    with _database() as db, db.read() as session:
        units_of = programs.unit_codes_of_programs(session)
        for each in queries.service_clients(session, now=clock.now()):
            used = "never used" if each.last_used_at is None else f"last used {each.last_used_at.isoformat()}"
            scopes = ", ".join(each.scopes)
            where = f"  acts in {', '.join(units_of[each.id])}" if each.id in units_of else ""
            bound = f"  calls from {', '.join(each.networks)}" if each.networks else ""
            secrets = f"{len(each.secrets)} secrets"
            typer.echo(f"{each.client_id}  {each.name}  {each.state}  {scopes}{where}{bound}  {secrets}  {used}")


def _give(session: WriteSession, client_id: str, codes: list[str]) -> None:
    client = queries.service_client_id(session, client_id=client_id)
    if client is None:
        raise ServiceClientUnknown
    accounts.give_program_units(session, client=client, codes=codes, actor=operator(), now=clock.now())


def _issue(work: Callable[[WriteSession], IssuedSecret]) -> IssuedSecret:
    with _database() as db, db.write() as session:
        issued = work(session)
    typer.echo(f"client_id      {issued.client_id}")
    typer.echo(f"client_secret  {issued.secret}")
    typer.echo("The secret is kept nowhere here: store it now.", err=True)
    return issued


@contextmanager
def _database() -> Iterator[Database]:
    db = Database(config.load().database_url.get_secret_value())
    try:
        yield db
    except Refusal as refusal:
        typer.echo(explained(refusal), err=True)
        raise typer.Exit(REFUSED) from refusal
    finally:
        db.close()
