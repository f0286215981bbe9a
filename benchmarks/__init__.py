"""Measurements against frozen limits, side by side in one run. `python -m benchmarks --help`."""
