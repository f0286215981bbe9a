"""Promises of identity."""
