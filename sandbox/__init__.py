"""Emulators of payment and messaging providers, for development and tests.

A program of its own: it speaks the providers' real wire formats with real signatures, keeps its own books on disk,
imports nothing of Wattline and is imported by nothing of it. What the two agree on is the providers' documentation
alone.
"""
