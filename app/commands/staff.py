"""`wattline staff`: the first member of staff, and the way back in when nobody else can give it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final

import typer

from app.commands.import_ import explained, operator
from core import clock, config
from core.config import Settings
from core.db import Database, WriteSession
from core.errors import Refusal
from services.accounts import operations as accounts
from services.accounts.roles import StaffRole
from services.identity import queries
from services.identity.operations import staff as members
from services.identity.operations.staff import Invited

REFUSED: Final = 2

staff = typer.Typer(no_args_is_help=True, help="Members of staff.")


@staff.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name to sign in with: small letters, digits, dots, hyphens.")],
    role: Annotated[StaffRole, typer.Option(help="What they may do.")],
    unit: Annotated[str, typer.Option(help="Code of the unit in which, and in all units below it.")],
    display_name: Annotated[str, typer.Option(help="What they are called; the name to sign in with if absent.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Invite a member of staff and grant them a role; prints the address where they set password and authenticator.

    The address works once and for 72 hours, and is shown this once.
    """
    with _transaction() as (session, settings, now):
        actor = operator()
        invited = members.invite(session, name=name, display_name=display_name, told_to=None, actor=actor, now=now)
        accounts.grant_role(
            session, staff_id=invited.staff_id, role=role, unit_code=unit, by=None, actor=actor, now=now
        )
    _tell(invited, settings, as_json=as_json)


@staff.command("reset")
def reset(
    name: Annotated[str, typer.Argument(help="Name that they sign in with.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Invite somebody anew who lost password and authenticator; what they had stops working at once."""
    with _transaction() as (session, settings, now):
        found = queries.staff_by_name(session, name=name)
        if found is None:
            typer.echo("staff_unknown: nobody signs in with this name", err=True)
            raise typer.Exit(REFUSED)
        invited = members.reset_all(session, staff_id=found.id, actor=operator(), now=now)
    _tell(invited, settings, as_json=as_json)


@contextmanager
def _transaction() -> Iterator[tuple[WriteSession, Settings, datetime]]:
    settings = config.load()
    db = Database(settings.database_url.get_secret_value())
    try:
        with db.write() as session:
            yield session, settings, clock.now()
    except Refusal as refusal:
        typer.echo(explained(refusal), err=True)
        raise typer.Exit(REFUSED) from refusal
    finally:
        db.close()


def _tell(invited: Invited, settings: Settings, *, as_json: bool) -> None:
    address = f"{settings.public_url}/staff/invitations/{invited.token}"
    if as_json:
        told = {"staff_id": str(invited.staff_id), "invitation": address, "expires_at": invited.expires_at.isoformat()}
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"{address}\nIt works once, until {invited.expires_at.isoformat(timespec='minutes')}.")
