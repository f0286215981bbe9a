"""The pricing engine: what a document of a tariff says, and what a use costs by it.

Pure: no session, no clock, no file; all numbers are Decimal and every step is exact but the one rounding. Its face is
`services.tariffs.queries`.
"""
