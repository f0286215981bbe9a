"""Adapters of channels, one folder each. Only wiring imports them."""
