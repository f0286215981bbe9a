"""Paying, for oneself and for others."""
