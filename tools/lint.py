"""`python -m tools.lint`: the rules of the house that are ours alone.

Prints findings, one a line, and ends with 1 if there are any.
"""

import argparse
import sys
from pathlib import Path

from tools import code_rules, sql_rule, text_rules
from tools.findings import Finding, Tree


def check(root: Path) -> list[Finding]:
    """Every finding below `root`, by place."""
    tree = Tree(root)
    return sorted([*code_rules.check(tree), *sql_rule.check(tree), *text_rules.check(tree)])


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent)
    findings = check(parser.parse_args().root)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
