"""The short form of `make chaos`: parts of a real deployment die while customers pay, and the books agree in the end."""

import os
from pathlib import Path

import pytest

from tests.faults.chaos import SHORT, run

SEED = int(os.environ.get("SEED", "20261"))


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_while_parts_of_the_deployment_die(tmp_path: Path) -> None:
    lines: list[str] = []
    figures = run("short", SHORT, seed=SEED, folder=tmp_path / "chaos", say=lines.append)
    assert len(lines) == SHORT.strikes, lines
    assert figures["paid at the provider"] == figures["entries"] == figures["receipts counted at the provider"] > 0
