"""Amounts in integer minor units with their ISO 4217 currency, and the one rounding function.

Exponents are those of ISO 4217 (list one): most currencies have two decimals, some none, some three.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Self

from core.errors import Refusal

_EXPONENTS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
BIGINT_MAX: Final = 2**63 - 1


class MixedCurrencies(Refusal):
    """Two amounts of different currencies were added or compared."""

    code = "mixed_currencies"


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit: 2 for CNY and EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def round_minor(amount: Decimal, currency: str) -> int:
    """Round an amount in major units half away from zero to minor units; once per bill line and nowhere else."""
    return int((amount * 10 ** exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` minor units of `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int or abs(self.minor) > BIGINT_MAX:
            msg = f"not an amount in minor units: {self.minor!r}"
            raise TypeError(msg)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in this currency."""
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    @property
    def major(self) -> Decimal:
        """The exact amount in major units, with the currency's decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.major} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MixedCurrencies
