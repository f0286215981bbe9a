"""Writes of tariffs, each inside the transaction it is given."""

from services.tariffs.operations.calendar import make_ahead
from services.tariffs.operations.days import say_holiday, say_temperature, take_holiday, take_temperature
from services.tariffs.operations.importing import HolidaysLoader, TemperaturesLoader
from services.tariffs.operations.publishing import PUBLISH_TARIFF, PublishTariff, propose, publish_tariff
from services.tariffs.operations.slot_prices import SlotPricesLoader
from services.tariffs.operations.versions import create_tariff, draft, edit, validate, withdraw

__all__ = [
    "PUBLISH_TARIFF",
    "HolidaysLoader",
    "PublishTariff",
    "SlotPricesLoader",
    "TemperaturesLoader",
    "create_tariff",
    "draft",
    "edit",
    "make_ahead",
    "propose",
    "publish_tariff",
    "say_holiday",
    "say_temperature",
    "take_holiday",
    "take_temperature",
    "validate",
    "withdraw",
]
