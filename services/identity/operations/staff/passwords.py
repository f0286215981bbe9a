"""Passwords as Argon2id hashes."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.identity import rules
from services.identity.errors import PasswordCommon, PasswordHoldsName, PasswordTooLong, PasswordTooShort
from services.identity.rules import PasswordProblem

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for Argon2id: 19 MiB, two passes, one lane."""

_DECOY: Final = f"$argon2id$v=19$m={19 * 1024},t=2,p=1$d2F0dGxpbmUtZGVjb3ktMQ${'A' * 43}"
"""Nobody's hash, whose check takes as long as that of somebody's."""

_REFUSALS: Final = {
    PasswordProblem.TOO_SHORT: PasswordTooShort,
    PasswordProblem.TOO_LONG: PasswordTooLong,
    PasswordProblem.COMMON: PasswordCommon,
    PasswordProblem.NAME: PasswordHoldsName,
}


def make(password: str, *, names: list[str]) -> str:
    """The hash of a new password; raises PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordHoldsName."""
    problem = rules.password_problem(password, names=names)
    if problem is not None:
        raise _REFUSALS[problem]
    return _HASHER.hash(_bytes(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether this is the password of a hash; without one it is not, after the same work."""
    try:
        _HASHER.verify(password_hash or _DECOY, _bytes(password))
    except VerifyMismatchError:
        return False
    return password_hash is not None


def renewed(password_hash: str, password: str) -> str | None:
    """The hash with today's parameters of a password that was just found right; None when it has them."""
    if not _HASHER.check_needs_rehash(password_hash):
        return None
    return _HASHER.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    return rules.normal_password(password[: rules.PASSWORD_MOST]).encode("utf-8", "surrogatepass")
