"""Run benchmarks: `python -m benchmarks [NAME...] [--rounds N] [--seconds N]`.

Exit code 1 when a bar fails, 2 when a run is void.
"""

import argparse
import importlib
import sys
from typing import Final

from benchmarks.harness import VoidRun

NAMES: Final = (
    "ledger",
    "hot_reads",
    "callbacks",
    "imports",
    "rotation",
    "search",
    "customer",
    "feed",
    "usage_page",
    "pricing",
    "pricing_sets",
    "readings",
)


def main() -> int:
    """Run what was asked for; every module offers `run(rounds, seconds) -> bool`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all without")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per measure (default 5)")
    parser.add_argument("--seconds", type=int, default=5, help="seconds per run (default 5)")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    passed = True
    for name in asked.names or NAMES:
        try:
            passed &= importlib.import_module(f"benchmarks.{name}").run(rounds=asked.rounds, seconds=asked.seconds)
        except VoidRun as reason:
            print(f"{name}: void: {reason}", file=sys.stderr)
            return 2
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
