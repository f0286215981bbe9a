"""What electricity costs: tariffs with dated versions, what their documents mean, and which price holds at which hour.

Owns `tariff`, `tariff_version`, `tariff_day`, `holiday` and `temperature_day`. Publishes TariffPublished and
TariffDaysChanged. Never: changes what was published, lets one person alone publish, or knows an account, a reading or
a bill. The engine in `rules` is pure: no session, no clock, no float.
"""
