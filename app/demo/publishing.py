"""The demo's tariffs as the console publishes them: one colleague drafts and asks, another approves.

Nobody knows the colleagues' passwords: they have worked before the house was furnished, and sign in no more.
"""

import secrets
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pyotp

from app.demo.suppliers import Supplier
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from services.accounts import operations as accounts
from services.accounts.roles import StaffRole
from services.casework import operations as casework
from services.identity import queries as identity
from services.identity.operations import staff
from services.tariffs import operations as tariffs
from services.tariffs.queries import TariffClass, tariff_named

COLLEAGUES: Final = (("tariffs.lin", "Tariffs, Lin"), ("tariffs.zhou", "Tariffs, Zhou"))
YEARS: Final = 2
"""So many years before the latest bills the tariffs begin to hold: all of the demo's bills have one."""
REASON: Final = "The prices with which the demo begins."


def publish(
    session: WriteSession,
    supplier: Supplier,
    *,
    vault: Vault,
    latest: date,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> None:
    """Publish the supplier's tariffs, unless they are there."""
    missing = [each for each in supplier.tariffs if tariff_named(session, code=each.code, on=latest) is None]
    if not missing:
        return
    asks, decides = (_colleague(session, supplier, name, vault=vault, actor=actor, now=now) for name in COLLEAGUES)
    for each in missing:
        tariffs.create_tariff(
            session,
            code=each.code,
            name=each.name,
            tariff_class=TariffClass(each.account_class),
            currency=str(each.document["currency"]),
            actor=Actor(f"staff:{asks}"),
            now=now,
        )
        version = tariffs.draft(
            session,
            code=each.code,
            valid_from=date(latest.year - YEARS, 1, 1),
            valid_to=None,
            document=each.document,
            note="",
            zone=zone,
            actor=Actor(f"staff:{asks}"),
            now=now,
        )
        request_id = tariffs.propose(
            session,
            version_id=version.id,
            revision=version.revision,
            reason=REASON,
            is_correction=True,
            by=asks,
            zone=zone,
            actor=Actor(f"staff:{asks}"),
            now=now,
        )
        casework.approve(
            session,
            request_id=request_id,
            by=decides,
            proved_at=now,
            why="",
            actor=Actor(f"staff:{decides}"),
            now=now,
        )


def _colleague(
    session: WriteSession, supplier: Supplier, named: tuple[str, str], *, vault: Vault, actor: Actor, now: datetime
) -> UUID:
    """Somebody of the staff who may do everything, with a password that nobody knows."""
    name, display_name = named
    made = staff.invite(session, name=name, display_name=display_name, told_to=None, actor=actor, now=now)
    found = identity.invitation(session, vault=vault, token=made.token, issuer=supplier.name, now=now)
    if found is None or found.secret is None:
        raise LookupError(name)
    staff.accept(
        session,
        vault=vault,
        token=made.token,
        password=secrets.token_urlsafe(32),
        code=pyotp.TOTP(found.secret).at(now),
        names=[],
        user_agent="",
        address="",
        previous_token=None,
        now=now,
    )
    root = supplier.units[0][0]
    accounts.grant_role(
        session, staff_id=made.staff_id, role=StaffRole.MANAGER, unit_code=root, by=None, actor=actor, now=now
    )
    return made.staff_id
