"""The tariffs of the demo suppliers, as documents like those that a supplier publishes; all prices are invented."""

from dataclasses import dataclass
from typing import Any, Final

Document = dict[str, Any]


@dataclass(frozen=True)
class DemoTariff:
    """A tariff: its code, what it is called, for which class of accounts, and its document."""

    code: str
    name: str
    account_class: str
    document: Document


_FUNDS: Final = [
    {"code": "fund_reservoir", "rate": "0.0062"},
    {"code": "fund_renewable", "rate": "0.0010"},
]
_TIERS: Final[Document] = {
    "cycle": "year",
    "bounds_per_month": ["230", "400"],
    "adders": ["0", "0.05", "0.30"],
}
_HOUSEHOLD: Final[Document] = {"min_persons": 5, "extra_kwh_per_month": "100", "mode": "first_only"}
_FREE: Final[Document] = {"code": "free_kwh", "flag": "low_income", "kwh": "15", "rate": "0.5283"}
_HOME_WINDOWS: Final = [{"period": "peak", "from": "08:00", "to": "21:00"}]
_BUSINESS_WINDOWS: Final = [
    {"period": "sharp", "months": [7, 8], "from": "20:00", "to": "22:00"},
    {"period": "valley", "from": "00:00", "to": "08:00"},
    {"period": "peak", "from": "08:00", "to": "11:00"},
    {"period": "peak", "from": "17:00", "to": "22:00"},
]
_BUSINESS_PRICES: Final = {"sharp": "1.3040", "peak": "1.0867", "flat": "0.6664", "valley": "0.3139"}
_POWER_FACTOR: Final[Document] = {
    "standard": "0.90",
    "segments": [
        {"lo": "0.95", "hi": "1.00", "anchor": "0.95", "anchor_rate": "-0.0075", "per_point": "0"},
        {"lo": "0.90", "hi": "0.94", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.0015"},
        {"lo": "0.70", "hi": "0.89", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.005"},
        {"lo": "0.65", "hi": "0.69", "anchor": "0.70", "anchor_rate": "0.10", "per_point": "0.01"},
        {"lo": "0.00", "hi": "0.64", "anchor": "0.65", "anchor_rate": "0.15", "per_point": "0.02"},
    ],
    "base": ["energy", "demand"],
}


def _cn(code: str, **parts: object) -> Document:
    return {
        "id": code,
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"mode": "half_up", "stage": "line"},
        "per_kwh": _FUNDS,
        **parts,
    }


_VAT_CN: Final[Document] = {"rate": "0.13", "on": "net"}

CNY: Final = (
    DemoTariff(
        "RES-TIER",
        "居民阶梯电价",
        "residential",
        _cn(
            "RES-TIER",
            energy={"lines": "per_tier", "prices": {"all": "0.5283"}},
            tiers=_TIERS,
            household=_HOUSEHOLD,
            export={"price": "0.3910"},
            credits=[_FREE],
        ),
    ),
    DemoTariff(
        "RES-TOU",
        "居民峰谷阶梯电价",
        "residential",
        _cn(
            "RES-TOU",
            energy={
                "lines": "period_plus_adders",
                "prices": {"peak": "0.5583", "valley": "0.3583"},
                "windows": _HOME_WINDOWS,
                "default_period": "valley",
            },
            tiers=_TIERS,
            household=_HOUSEHOLD,
            export={"price": "0.3910"},
        ),
    ),
    DemoTariff(
        "COM-TOU",
        "工商业分时电价",
        "commercial",
        _cn(
            "COM-TOU",
            energy={
                "lines": "period_plus_adders",
                "prices": _BUSINESS_PRICES,
                "windows": _BUSINESS_WINDOWS,
                "default_period": "flat",
            },
            tax=_VAT_CN,
        ),
    ),
    DemoTariff(
        "IND-2PART",
        "大工业两部制电价",
        "industrial",
        _cn(
            "IND-2PART",
            energy={
                "lines": "period_plus_adders",
                "prices": _BUSINESS_PRICES,
                "windows": _BUSINESS_WINDOWS,
                "default_period": "flat",
            },
            demand={
                "mode": "contract",
                "price": "40.5",
                "over_ratio": "1.05",
                "over_multiplier": "2",
                "floor_ratio": "0.40",
            },
            power_factor=_POWER_FACTOR,
            tax=_VAT_CN,
        ),
    ),
    DemoTariff(
        "AGR",
        "农业生产电价",
        "agricultural",
        _cn("AGR", energy={"lines": "per_tier", "prices": {"all": "0.4952"}}, tax=_VAT_CN),
    ),
)


def _eu(code: str, price: str, **parts: object) -> Document:
    return {
        "id": code,
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "rounding": {"mode": "half_up", "stage": "line"},
        "energy": {"lines": "per_tier", "prices": {"all": price}},
        "fixed": [{"code": "fixed", "amount": "12.90", "per": "month"}],
        "per_kwh": [{"code": "tax_electricity", "rate": "0.0205"}],
        "tax": {"rate": "0.19", "on": "net"},
        **parts,
    }


EUR: Final = (
    DemoTariff("HOME", "Home", "residential", _eu("HOME", "0.2587", export={"price": "0.0803"})),
    DemoTariff(
        "HOME-NIGHT",
        "Home, day and night",
        "residential",
        _eu(
            "HOME-NIGHT",
            "0",
            energy={
                "lines": "period_plus_adders",
                "prices": {"peak": "0.2794", "valley": "0.2098"},
                "windows": [{"period": "peak", "from": "06:00", "to": "22:00"}],
                "default_period": "valley",
            },
            export={"price": "0.0803"},
        ),
    ),
    DemoTariff("SHOP", "Shops and offices", "commercial", _eu("SHOP", "0.2391")),
    DemoTariff("WORKS", "Works", "industrial", _eu("WORKS", "0.1672")),
    DemoTariff("FARM", "Farms", "agricultural", _eu("FARM", "0.2295")),
)
