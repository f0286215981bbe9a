"""Reads of usage."""
