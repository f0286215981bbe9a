"""Writes of usage, inside a transaction that the caller commits."""

from services.usage.operations.aggregating import Written, aggregate

__all__ = ["Written", "aggregate"]
