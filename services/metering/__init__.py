"""Readings: interval series, registers, what customers read themselves, and what becomes of readings nobody believes.

Energy is a whole number of millionths of a kWh (reactive: of a kvarh). A day is one of the supplier's zone and has as
many elements as intervals pass in it: 92, 96 or 100 quarters. Nothing that was sent is lost: it is written, or a reject
of its run, or waits in quarantine; what is replaced is kept. Never knows a price: `usage` joins readings with tariffs,
and is told of the months that changed.
"""
