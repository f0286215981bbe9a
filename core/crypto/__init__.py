"""Sealing personal data, keyed hashes, and access tokens."""
