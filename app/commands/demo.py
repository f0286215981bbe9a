"""`wattline demo`: the demo supplier, put in by the importer, and who can sign in."""

import csv
import json
import sys
import tempfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app import demo, wiring
from app.commands import import_
from app.commands.import_ import Kind
from app.demo.publishing import publish
from app.demo.readings import COLUMNS, first_day, intervals_of, registers_of
from app.demo.suppliers import Supplier
from app.house import Profile
from core import clock, config
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, ReadSession, WriteSession
from core.periods import business_date
from services.accounts import operations as accounts
from services.accounts import queries as account_queries
from services.accounts.queries import AccountCard
from services.billing import queries as billing
from services.identity import operations as identity

ACTOR: Final = Actor("command:demo")
ISSUED_AFTER: Final = timedelta(days=2)
"""Before the day on which the house is furnished: its newest bills are news, whatever day that is."""


class DemoRejected(RuntimeError):
    """The importer refused rows of the demo's own making: a bug of the demo."""


def demo_command(
    profile: Annotated[
        Profile, typer.Option(envvar="WATTLINE_PROFILE", help="Which demo supplier to be.")
    ] = Profile.CNY,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,  # noqa: FBT002 -- an option
) -> None:
    """Put the demo supplier in, and list who can sign in and what each account owes. Again, it changes nothing."""
    settings = config.load()
    if settings.environment == "production":
        typer.echo("the demo supplier has no place in production", err=True)
        raise typer.Exit(2)
    db = Database(settings.database_url.get_secret_value(), pool_size=14)
    try:
        supplier, now = demo.SUPPLIERS[profile.value], clock.now()
        told = furnish(db, settings, supplier=supplier, now=now)
        read_meters(db, settings, supplier=supplier, now=now)
    finally:
        db.close()
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n" if as_json else _table(told))


def furnish(db: Database, settings: Settings, *, supplier: Supplier, now: datetime) -> dict[str, Any]:
    """Import the demo supplier's files, let its people sign in, and say what each owes."""
    latest = _latest(db, supplier, today=business_date(now, settings.zone))
    files = demo.files_of(supplier, latest=latest, currency=settings.supplier_currency)
    vault = Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)
    _put_in(db, settings, Kind.UNITS, files.units)
    _put_in(db, settings, Kind.ACCOUNTS, files.accounts)
    wiring.fill_kinds(settings, vault)
    with db.write() as session:
        publish(session, supplier, vault=vault, latest=latest, zone=settings.zone, actor=ACTOR, now=now)
    with db.write() as session:  # before the bills: whoever is to hear of them has to be there
        people = _people(session, vault, supplier, now=now)
    _put_in(db, settings, Kind.ENTITLEMENTS, files.entitlements)
    _put_in(db, settings, Kind.BILLS, files.bills)
    with db.read() as session:
        numbers = sorted({account_no for person in people for account_no in person["accounts"]})
        listed = [_listed(session, account_no) for account_no in numbers]
    return {"supplier": supplier.name, "people": people, "accounts": listed}


def read_meters(db: Database, settings: Settings, *, supplier: Supplier, now: datetime) -> None:
    """Import what the demo's meters measured up to yesterday; some of it waits in quarantine, as it is meant to."""
    today = business_date(now, settings.zone)
    latest = _latest(db, supplier, today=today)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "readings.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            lines.writerows(intervals_of(supplier, first=first_day(latest), end=today))
        import_.run(db, settings, kind=Kind.READINGS, file=path, actor=ACTOR)
    registers = registers_of(supplier, first=first_day(latest), end=today)
    _put_in(db, settings, Kind.REGISTER_READINGS, registers)


def _put_in(db: Database, settings: Settings, kind: Kind, rows: Iterable[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{kind.value}.jsonl")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        report = import_.run(db, settings, kind=kind, file=path, actor=ACTOR)
    if report.rejected:
        raise DemoRejected(kind.value, report.rejected)


def _latest(db: Database, supplier: Supplier, *, today: date) -> date:
    """When the latest demo bills are issued: a house that has them keeps their days."""
    with db.read() as session:
        known = account_queries.account_by_no(session, account_no=supplier.households[0].account_no)
        if known is not None and (bills := billing.bills_page(session, account_id=known.ref.id, limit=1)):
            return bills[0].issue_date
    return today - ISSUED_AFTER


def _people(session: WriteSession, vault: Vault, supplier: Supplier, *, now: datetime) -> list[dict[str, Any]]:
    roles: dict[str, list[tuple[str, accounts.Role]]] = {}
    locales: dict[str, str] = {}
    for household in supplier.households:
        roles.setdefault(household.phone, []).append((household.account_no, accounts.Role.OWNER))
        locales[household.phone] = household.locale
    for phone, guests in supplier.guests.items():
        roles[phone] += [(account_no, accounts.Role(role)) for account_no, role in guests]
    people: list[dict[str, Any]] = []
    for phone, held in roles.items():
        user_id = identity.register(session, vault=vault, phone=phone, locale=locales[phone], now=now)
        for account_no, role in held:
            card = _card(session, account_no)
            accounts.grant_access(session, user_id=user_id, account_id=card.ref.id, role=role, actor=ACTOR, now=now)
        people.append(
            {
                "phone": phone,
                "locale": locales[phone],
                "accounts": [account_no for account_no, _ in held],
                "roles": {account_no: role.value for account_no, role in held},
            }
        )
    return people


def _listed(session: ReadSession, account_no: str) -> dict[str, Any]:
    card = _card(session, account_no)
    owed = billing.owed(session, account_id=card.ref.id)
    return {
        "account_no": account_no,
        "holder": card.holder,
        "class": card.account_class,
        "state": card.state,
        "due": {"amount_minor": owed.due.minor, "currency": owed.due.currency},
        "open_bills": owed.open_count,
        "last_bill_minor": card.last_bill_minor,
    }


def _card(session: ReadSession, account_no: str) -> AccountCard:
    card = account_queries.account_by_no(session, account_no=account_no)
    if card is None:
        raise LookupError(account_no)
    return card


def _table(told: dict[str, Any]) -> str:
    lines = [told["supplier"], ""]
    dues = {account["account_no"]: account for account in told["accounts"]}
    for person in told["people"]:
        for account_no in person["accounts"]:
            due, role = dues[account_no]["due"], person["roles"][account_no]
            owed = f"{due['amount_minor']:>14} {due['currency']} minor units due"
            lines.append(f"{person['phone']:<16} {account_no}  {role:<6} {owed}")
    return "\n".join(lines) + "\n"
