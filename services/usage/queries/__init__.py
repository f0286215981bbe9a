"""Reads of usage: what customers, staff and programs see of it."""

from services.usage.queries.checking import Violation, invariants
from services.usage.queries.showing import series
from services.usage.queries.views import Bar, BarQuality, Comparison, Gap, Of, Series

__all__ = ["Bar", "BarQuality", "Comparison", "Gap", "Of", "Series", "Violation", "invariants", "series"]
