"""Mechanisms without business: nothing here speaks of bills, customers or payments."""
