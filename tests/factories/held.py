"""Readings of registers that wait, with the pictures that show them, and what rules find odd."""

import base64
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from core import ids
from core.crypto.vault import Vault
from core.db import WriteSession
from services.metering.queries.own import photo_owner
from tests.factories.own_readings import picture

PICTURE: Final = picture()


def hold_register(
    session: WriteSession, vault: Vault, *, account_id: int, user_id: UUID, now: datetime, reason: str = "first"
) -> UUID:
    """What a customer read from the total register of a meter of its own, 100 kWh, with PICTURE; its id."""
    photo_id, meter_no = ids.uuid7(), f"H{uuid4().hex[:10]}"
    sealed = vault.seal(
        table="reading_photo", column="image", owner=photo_owner(photo_id), text=base64.b64encode(PICTURE).decode()
    )
    session.sql(
        """insert into reading_photo (account_id, id, user_id, media_type, width, height, image_sealed, uploaded_at)
           values (:account, :id, :user_id, 'image/jpeg', 40, 30, :sealed, :now)""",
        account=account_id,
        id=photo_id,
        user_id=user_id,
        sealed=sealed,
        now=now,
    )
    session.sql(
        """insert into meter_register (account_id, id, meter_no, kind)
           select :account, coalesce(max(id), 0) + 1, :meter, 'total' from meter_register where account_id = :account""",
        account=account_id,
        meter=meter_no,
    )
    found: UUID = session.sql(
        """insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, energy, quality, reason, source,
             recorded_at, recorded_by, photo_id)
           values (:account, 'register', :meter, 'total', :now, 100000000, 'a', :reason, 'customer', :now,
             'user:test', :photo_id) returning id""",
        account=account_id,
        meter=meter_no,
        reason=reason,
        photo_id=photo_id,
        now=now,
    ).scalar_one()
    return found


def hold_interval(session: WriteSession, *, account_id: int, now: datetime) -> UUID:
    """An hour of less than nothing that a file told, of another hour each time; its id."""
    found: UUID = session.sql(
        """insert into reading_quarantine (account_id, id, kind, meter_no, channel, start_at, minutes, energy,
             quality, reason, state, source, recorded_at, recorded_by)
           select :account, gen_random_uuid(), 'interval', 'DOUBT', 'import',
             date_trunc('hour', cast(:now as timestamptz)) - make_interval(days => 2 + count(*)::integer), 60, -400000,
             'a', 'negative', 'open', 'file', :now, 'operator:test' from reading_quarantine
           returning id""",
        account=account_id,
        now=now,
    ).scalar_one()
    return found


def find_odd(session: WriteSession, *, account_id: int, now: datetime) -> UUID:
    """An open finding about a meter of its own: intervals of 112.346 kWh beside a register that counted 54; its id."""
    found: UUID = session.sql(
        """insert into reading_finding (account_id, kind, meter_no, channel, first_day, last_day, found, expected, found_at)
           values (:account, 'sums', :meter, 'import', '2026-05-01', '2026-05-31', 112345678, 54000000, :now)
           returning id""",
        account=account_id,
        meter=f"ODD{uuid4().hex[:10]}",
        now=now,
    ).scalar_one()
    return found
