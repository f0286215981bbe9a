"""What electricity costs: tariffs with dated versions, what their documents mean, and which price holds at which hour.

Owns `tariff`, `tariff_version`, `tariff_day`, `holiday`, `temperature_day`, `tariff_slot_price` and
`tariff_slot_price_revision`. Publishes TariffPublished, TariffDaysChanged and SlotPricesChanged. Never: changes what
was published, lets one person alone publish, or knows an account, a reading or a bill. The engine in `rules` is pure:
no session, no clock, no float.
"""
