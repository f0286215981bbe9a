"""Tariffs in the JSON API: what an account's plan is, in words and numbers."""
