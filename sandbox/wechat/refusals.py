"""How the platform refuses: always 200, with an `errcode` in the body."""

import secrets
from typing import Any, Final

TEXTS: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "user is blocked by risk control",
    41001: "access_token missing",
    41008: "missing code",
    42001: "access_token expired",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
}


class Refused(Exception):
    """The platform refuses with one of its codes."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


def told(errcode: int) -> dict[str, Any]:
    """The body of a refusal."""
    text = TEXTS.get(errcode, "refused")
    return {"errcode": errcode, "errmsg": f"{text}, rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"}
