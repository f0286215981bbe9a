"""Words that no committed file may hold: places of one machine, package mirrors, traces of how the work was done."""

import re
import subprocess
from collections.abc import Iterator
from typing import Final

from tools.findings import Finding, Tree

ADR: Final = "ADR 0011"
RULE: Final = "words"

SKIPPED: Final = ("portal/static/vendor/", "requirements.lock", "requirements-bootstrap.lock", "LICENSE")
BINARY: Final = (".png", ".ico", ".woff2", ".gz", ".pdf")

FORBIDDEN: Final = {
    # One letter of each word is a class of one, so that this file does not hold what it forbids.
    "a place of one machine": r"(?<![\w.])/(?:ho[m]e|Us[e]rs|ro[o]t|wo[r]k|works[p]ace)/[\w.-]+",
    "a package mirror": r"\b(?:[\w-]+\.)*(?:artif[a]ctory|nex[u]s|mirr[o]rs?)\.[a-z]{2,}\b|--(?:extra-)?ind[e]x-url",
    "unfinished work": r"\b(?:TO[D]O|FIX[M]E|HA[C]K)\b",
    "a trace of tooling": r"(?i)\b(?:chatg[p]t|cl[a]ude|copil[o]t|cod[e]x|language mod[e]l)\b",
    "a number of an issue": r"(?i)\biss[u]e #?\d+\b",
}

HOST_IN_LOCK: Final = re.compile(r"(?i)https?://")


def _committed(tree: Tree) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 -- git is wherever the developer has it
        cwd=tree.root,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        return [path.relative_to(tree.root).as_posix() for path in sorted(tree.root.rglob("*")) if path.is_file()]
    return [path for path in listed.stdout.decode().split("\0") if path and (tree.root / path).is_file()]


def check(tree: Tree) -> Iterator[Finding]:
    """Every forbidden word, by line."""
    patterns = {name: re.compile(pattern) for name, pattern in FORBIDDEN.items()}
    for path in _committed(tree):
        if path.endswith(BINARY):
            continue
        text = (tree.root / path).read_text(encoding="utf-8", errors="replace")
        if path.endswith(".lock"):
            for number, line in enumerate(text.splitlines(), 1):
                if HOST_IN_LOCK.search(line):
                    yield Finding(path, number, RULE, "a lock names versions and hashes, no host", ADR)
        if path.startswith(SKIPPED) or path.endswith(SKIPPED):
            continue
        for name, pattern in patterns.items():
            for match in pattern.finditer(text):
                number = text.count("\n", 0, match.start()) + 1
                yield Finding(path, number, RULE, f"{name}: {match[0]}", ADR)
