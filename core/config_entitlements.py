"""Settings of entitlements: which must be proved anew, and how often."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from core.config_lists import parts

_RENEWAL: Final = re.compile(r"([a-z][a-z0-9_]{0,31}):([1-9][0-9]{0,2})")


def _renewals(text: str) -> str:
    if not all(_RENEWAL.fullmatch(part) for part in parts(text)):
        msg = "each part is a kind and its months, such as persons:24"
        raise ValueError(msg)
    return text


class EntitlementSettings(BaseSettings):
    """What a supplier says of entitlements."""

    entitlement_renewals: Annotated[
        str,
        AfterValidator(_renewals),
        Field(
            description="Comma list of `kind:months`, such as `persons:24`: an entitlement of this kind ends after so "
            "many months unless it says when, and must be proved anew."
        ),
    ] = ""

    @property
    def renewal_months(self) -> dict[str, int]:
        """Months after which an entitlement of a kind ends."""
        found = (_RENEWAL.fullmatch(part) for part in parts(self.entitlement_renewals))
        return {each[1]: int(each[2]) for each in found if each is not None}
