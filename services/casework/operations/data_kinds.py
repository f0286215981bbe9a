"""What takes two persons about customer data: correcting what is locked."""

from datetime import datetime
from typing import Final
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from services.accounts import operations as accounts
from services.accounts.operations import Corrected
from services.accounts.roles import StaffPermission
from services.casework.ports import Approved, Kind, Outcome, Payload

CORRECT_DATA: Final = "accounts.correct_data"


class CorrectData(Payload):
    """Which correction, of what; what it says lies sealed with it."""

    correction_id: UUID
    account_no: str
    field: Corrected


def correct_data(vault: Vault) -> Kind:
    """The kind, which opens what is proposed when it is approved."""

    def carry_out(session: WriteSession, approved: Approved) -> Outcome:
        wanted: CorrectData = approved.payload
        accounts.apply_correction(
            session,
            vault=vault,
            correction_id=wanted.correction_id,
            decided_by=approved.decided_by,
            actor=approved.actor,
            now=approved.now,
        )
        return Outcome()

    def may_touch(session: ReadSession, wanted: CorrectData, staff_id: UUID, now: datetime) -> bool:
        return accounts.may_decide_correction(session, correction_id=wanted.correction_id, staff_id=staff_id, now=now)

    return Kind(
        name=CORRECT_DATA,
        payload=CorrectData,
        asks=StaffPermission.ACCOUNTS_CORRECT,
        decides=StaffPermission.ACCOUNTS_APPROVE,
        carry_out=carry_out,
        may_touch=may_touch,
        hold=lambda session, _: accounts.hold_files(session),
    )
