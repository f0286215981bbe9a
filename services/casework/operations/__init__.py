"""Writes of casework, inside a transaction that the caller commits: requests for approval, and lists as files."""

from services.casework.operations.approvals import approve, ask, expire_about, expire_old, overtake, refuse, withdraw
from services.casework.operations.data_kinds import CORRECT_DATA, CorrectData, correct_data
from services.casework.operations.files import (
    ask_file,
    claim_file,
    drop_file,
    purge_files,
    put_file_off,
    take_file,
    write_files_anew,
    write_piece,
)
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
    "ask_file",
    "check_joined",
    "claim_file",
    "correct_data",
    "drop_file",
    "expire_about",
    "expire_old",
    "overtake",
    "purge_files",
    "put_file_off",
    "refuse",
    "strike_reasons",
    "take_file",
    "withdraw",
    "write_files_anew",
    "write_piece",
]
