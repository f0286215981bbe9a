"""What an import says on the screen."""

import pytest

from app.commands.import_report import Files, Told, tell
from core.intake import Report
from services.accounts.queries.imports import AmountTotal, UnitTotal


def test_what_a_correction_takes_off_is_told_as_less_owed(capsys: pytest.CaptureFixture[str]) -> None:
    amounts = [
        AmountTotal(kind="open", currency="CNY", bills=1, amount_minor=5_000, open_minor=5_000, owed_minor=owed)
        for owed in (-777, 777)
    ]
    total = UnitTotal("3701", "City", 0, 2, 0, 0, 1, 0, amounts)
    report = Report(
        run_id=1, rows=2, new=0, changed=2, unchanged=0, rejected=0, resumed_from=0, vanished=None, known=None
    )
    tell(
        Told(kind="bills", is_check=False, report=report, totals=[total], differences=[]),
        Files(None, None),
        most_vanished=100,
        as_json=False,
    )
    said = capsys.readouterr().out
    assert "owed 7.77 CNY less" in said
    assert "owed 7.77 CNY more" in said
    assert "-7.77" not in said
