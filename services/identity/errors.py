"""What identity refuses.

Wrong and burnt codes and reused tokens are results first: their evidence is committed before these are raised.
"""

from typing import ClassVar

from core.errors import Refusal


class InvalidPhone(Refusal):
    """The text is no telephone number that can get a message."""

    code: ClassVar[str] = "invalid_phone"


class SignInLimited(Refusal):
    """The device or network asked for too many codes; `retry_after_s` says when one may be asked for again."""

    code: ClassVar[str] = "sign_in_limited"


class CodesExhausted(Refusal):
    """The supplier's daily number of codes is used up."""

    code: ClassVar[str] = "codes_exhausted"


class CodeWrong(Refusal):
    """The code is wrong, too old, or was meant for another phone, purpose or device."""

    code: ClassVar[str] = "code_wrong"


class CodeIsBurnt(Refusal):
    """Five wrong tries: this code is not good any more."""

    code: ClassVar[str] = "code_burnt"


class RefreshRefused(Refusal):
    """The refresh token is unknown, its session is over, or it was used before (which ends the session)."""

    code: ClassVar[str] = "refresh_refused"
