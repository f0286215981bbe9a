"""Reads of readings."""
