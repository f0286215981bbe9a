"""`wattline erase-customer NO`: a former customer's name, telephones and doors, when nobody needs them any more."""

import json
from datetime import datetime
from typing import Annotated, Final

import typer

from app import wiring
from app.commands.import_ import operator
from core import clock, config
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from notifications import personal
from services.accounts import operations as accounts
from services.billing import queries as billing
from services.payments import operations as payments

KEPT: Final = 1
UNKNOWN: Final = 2


def erase_customer(
    customer_no: Annotated[str, typer.Argument(help="The customer's number at the supplier.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Erase a customer of closed and settled accounts, WATTLINE_CUSTOMER_RETENTION_YEARS after the last entry.

    The books keep their numbers and amounts. Exit code 1 with the reasons when the customer is still needed, 2 when
    there is none of this number. Repeatable. Rows of later files that name the customer are refused.
    """
    settings = config.load()
    db = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        with db.write() as session:
            reasons = erase(session, settings, wiring.vault(settings), customer_no=customer_no, now=clock.now())
    finally:
        db.close()
    if reasons is None:
        typer.echo("There is no customer of this number.", err=True)
        raise typer.Exit(UNKNOWN)
    if as_json:
        typer.echo(json.dumps({"customer_no": customer_no, "is_erased": not reasons, "reasons": reasons}))
    else:
        typer.echo("\n".join(reasons) or "Erased.")
    if reasons:
        raise typer.Exit(KEPT)


def erase(
    session: WriteSession, settings: Settings, vault: Vault, *, customer_no: str, now: datetime
) -> list[str] | None:
    """Erase, or say why not; None when there is no such customer."""
    holder = accounts.lock_holder(session, customer_no=customer_no)
    if holder is None:
        return None
    before = _years_ago(now, settings.customer_retention_years)
    reasons = [f"{number}: not closed" for number in holder.living]
    if holder.left_at is not None and holder.left_at >= before:
        reasons.append(f"an account went to another holder on {holder.left_at.date()}")
    for account in holder.accounts:
        reasons += billing.why_kept(session, account=account, before=before)
    if not reasons:
        accounts.erase_holder(session, vault=vault, customer_no=customer_no, holder=holder, actor=operator(), now=now)
        personal.forget_holder(session, customer_id=holder.customer_id)
        payments.forget_holder(session, customer_id=holder.customer_id)
    return reasons


def _years_ago(now: datetime, years: int) -> datetime:
    """The same day so many years ago; of 29 February, the day before."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)
