"""Requests are asked, decided, withdrawn, expired and overtaken, inside a transaction that the caller commits."""

from services.casework.operations.approvals import approve, ask, expire_old, overtake, refuse, withdraw
from services.casework.operations.data_kinds import CORRECT_DATA, CorrectData, correct_data
from services.casework.operations.forgetting import strike_reasons
from services.casework.operations.staff_kinds import (
    GRANT_ROLE,
    RESET_PASSWORD,
    RESET_SECOND_FACTOR,
    STAFF_KINDS,
    GrantRole,
    ResetStaff,
    check_joined,
)

__all__ = [
    "CORRECT_DATA",
    "GRANT_ROLE",
    "RESET_PASSWORD",
    "RESET_SECOND_FACTOR",
    "STAFF_KINDS",
    "CorrectData",
    "GrantRole",
    "ResetStaff",
    "approve",
    "ask",
    "check_joined",
    "correct_data",
    "expire_old",
    "overtake",
    "refuse",
    "strike_reasons",
    "withdraw",
]
