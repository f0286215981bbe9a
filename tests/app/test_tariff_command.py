"""`wattline tariff`: worked cases priced by text, bad cases named beside good ones, rates of the URDB turned."""

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli_of
from app.commands import meter_files
from tests.services.tariffs.cases import CASES, FILE
from tests.support.shared import shared

TOU = CASES["P15"]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli_of(["tariff"]), ["tariff", *map(str, words)])


def results(folder: Path, *cases: object, code: int = 0) -> list[dict[str, Any]]:
    file = folder / "cases.json"
    file.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    done = run("price", file)
    assert done.exit_code == code, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return found


def faults(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(fault["path"], fault["code"]) for fault in result["error"]["faults"]]


def test_every_case_without_a_meter_comes_out_as_the_text_that_it_expects() -> None:
    done = run("price", FILE)
    found = {result.pop("id"): result for result in json.loads(done.stdout)["results"]}
    meterless = [name for name in CASES if "meter_file" not in CASES[name]["input"]]
    assert {name: json.dumps(found[name]) for name in meterless} == {
        name: json.dumps(CASES[name]["expect"]) for name in meterless
    }


def test_a_real_meter_is_measured_and_priced_as_its_case_expects() -> None:
    done = run("price", shared("tariffs/cases.json"))
    assert done.exit_code == 0
    last = json.loads(done.stdout)["results"][-1]
    assert json.dumps(last) == json.dumps({"id": "P15", **TOU["expect"]})


def test_a_bad_case_is_named_and_the_others_are_priced(tmp_path: Path) -> None:
    good = CASES["P01"]
    crossed = {**good, "id": "crossed", "tariff": {**good["tariff"], "currency": "XXX"}}
    strange = {**good, "id": "strange", "input": {**good["input"], "persons": 5, "kwh": {"all": float("nan")}}}
    found = results(tmp_path, crossed, good, strange, {"id": "k", "kind": "refund"}, 7, code=3)
    assert [result["id"] for result in found] == ["crossed", "P01", "strange", "k", None]
    assert found[1] == {"id": "P01", **good["expect"]}
    assert [faults(result) for result in found if "error" in result] == [
        [("$.cases[0].tariff.currency", "currency_unknown")],
        [("$.cases[2].input.kwh.all", "not_a_number"), ("$.cases[2].input.persons", "field_unknown")],
        [("$.cases[3].kind", "not_a_choice")],
        [("$.cases[4]", "wrong_type")],
    ]
    assert found[0]["error"]["faults"][0]["remedy"] == "Use a code of ISO 4217 in capitals, such as CNY."


def test_kwh_by_period_are_priced_without_hours_but_a_meter_is_not(tmp_path: Path) -> None:
    def without_hours(case: dict[str, Any]) -> dict[str, Any]:
        energy = {name: case["tariff"]["energy"][name] for name in ("lines", "prices")}
        return {**case, "tariff": {**case["tariff"], "energy": energy}}

    good, by_meter = CASES["P07"], {**TOU, "input": {**TOU["input"], "meter_file": "none.csv"}}
    found = results(tmp_path, without_hours(good), without_hours(by_meter), code=3)
    assert found[0] == {"id": "P07", **good["expect"]}
    assert ("$.cases[1].tariff.energy.windows", "coverage_gap") in faults(found[1])


def test_numbers_of_json_are_priced_by_their_very_digits(tmp_path: Path) -> None:
    texts = {name: CASES[name] for name in ("P02", "P04", "P06", "P07", "P08", "P11", "P13", "P14")}
    cases = [{name: part for name, part in case.items() if name != "expect"} for case in texts.values()]
    file = tmp_path / "numbers.json"
    file.write_text(re.sub(r'"(-?\d+(\.\d+)?)"', r"\1", json.dumps({"cases": cases})), encoding="utf-8")
    assert '"all": 0.66286875}' in file.read_text()
    found = json.loads(run("price", file).stdout)["results"]
    assert found == [{"id": name, **case["expect"]} for name, case in texts.items()]


def test_remarks_and_nulls_are_no_part_of_a_case_but_an_unknown_field_is_named(tmp_path: Path) -> None:
    good = CASES["P01"]
    remarks = {"title": "January", "source": "a notice", "comment": "by hand"}
    told = {
        **good,
        "id": 7,
        "tariff": {**good["tariff"], **remarks, "fixed": None},
        "input": {**good["input"], **remarks, "account": None},
    }
    strange = {**told, "tariff": {**told["tariff"], "surcharge": "0.01"}}
    found = results(tmp_path, told, strange, code=3)
    assert found[0] == {"id": 7, **good["expect"]}
    assert faults(found[1]) == [("$.cases[1].tariff.surcharge", "field_unknown")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("m\0.csv.gz", "file_unreadable"), ("\ud800.csv", "wrong_type"), ("m" * 900, "file_unreadable")],
)
def test_a_name_that_no_file_can_have_is_a_fault_of_its_case_alone(tmp_path: Path, name: str, code: str) -> None:
    impossible = {**TOU, "id": "\udfff", "input": {**TOU["input"], "meter_file": name}}
    found = results(tmp_path, impossible, CASES["P01"], code=3)
    assert found[0]["id"] == "\udfff"
    assert faults(found[0]) == [("$.cases[0].input.meter_file", code)]
    assert found[1] == {"id": "P01", **CASES["P01"]["expect"]}


def test_a_name_that_stands_twice_is_a_fault_of_its_case_alone(tmp_path: Path) -> None:
    good = json.dumps(CASES["P01"])
    twice = good.replace('"currency": "CNY"', '"currency": "CNY", "currency": "JPY"')
    file = tmp_path / "cases.json"
    file.write_text(f'{{"cases": [{twice}, {good}]}}', encoding="utf-8")
    found = json.loads(run("price", file).stdout)["results"]
    assert faults(found[0]) == [("$.cases[0].tariff.currency (twice)", "field_unknown")]
    assert found[1] == {"id": "P01", **CASES["P01"]["expect"]}


def test_a_case_that_is_nested_deeply_is_a_fault_of_its_own(tmp_path: Path) -> None:
    good = json.dumps(CASES["P01"])
    deep = good.replace('"321"', '{"a":' * 800 + "1" + "}" * 800)
    file = tmp_path / "cases.json"
    file.write_text(f'{{"cases": [{deep}, {good}]}}', encoding="utf-8")
    found = json.loads(run("price", file).stdout)["results"]
    assert faults(found[0]) == [("$.cases[0].input.kwh.all", "not_a_number")]
    assert found[1] == {"id": "P01", **CASES["P01"]["expect"]}


@pytest.mark.parametrize("text", ["[]", "{}", '{"cases": {}}', "{", '{"cases": [' + "[" * 100_000, "\xff"])
def test_a_file_that_holds_no_cases_is_refused_whole(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cases.json"
    file.write_bytes(text.encode("latin-1"))
    assert run("price", file).exit_code == 2


HEADING = "meter_id,start,import_kwh,export_kwh,kvarh_lag,kvarh_lead\n"
ROWS = (
    "m,2013-07-01T00:00,0.5,0.1,1,2\nother,2013-07-01T00:30,9,,,\nm,2013-07-31T23:30,1.25,,,\nm,2013-08-01T00:00,9,,,\n"
)


def metered(folder: Path, text: bytes, **more: object) -> dict[str, Any]:
    with gzip.open(folder / "m.csv.gz", "wb") as packed:
        packed.write(text)
    said = {**TOU["input"], "meter_file": "m.csv.gz", "meter_id": "m", **more}
    file = folder / "cases.json"
    file.write_text(json.dumps({"cases": [{**TOU, "input": said}]}), encoding="utf-8")
    found: dict[str, Any] = json.loads(run("price", file).stdout)["results"][0]
    return found


def test_rows_of_a_meter_file_are_taken_by_meter_and_by_start_and_by_both_channels(tmp_path: Path) -> None:
    assert metered(tmp_path, (HEADING + ROWS).encode())["measured"] == {
        "intervals": 2,
        "kwh": {"flat": "1.25", "valley": "0.5"},
        "max_demand_kw": "2.50",
        "kvarh": "3",
        "export_kwh": "0.1",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEADING + "m,2013-07-01T00:00,-0.5,,,\n", "file_unreadable"),
        (HEADING + "m,2013-07-01T00:00,1e3,,,\n", "file_unreadable"),
        (HEADING + "m,2013-07-01T00:00\n", "file_unreadable"),
        (HEADING + "m,2013-07-01,1,,,\n" + "m" * 5000, "file_unreadable"),
        ("start,import_kwh\n", "file_unreadable"),
        ("", "file_unreadable"),
        (HEADING, "not_found"),
    ],
)
def test_a_meter_file_that_cannot_be_read_is_a_fault_of_its_case(tmp_path: Path, text: str, code: str) -> None:
    assert faults(metered(tmp_path, text.encode())) == [("$.cases[0].input.meter_file", code)]


def test_a_meter_file_that_unpacks_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_files, "MOST_BYTES", 100_000)
    bomb = HEADING + "other,2013-07-01T00:00,1,,,\n" * 10_000
    assert faults(metered(tmp_path, bomb.encode())) == [("$.cases[0].input.meter_file", "file_unreadable")]


def test_a_meter_file_and_totals_are_not_both_taken(tmp_path: Path) -> None:
    found = metered(tmp_path, (HEADING + ROWS).encode(), kwh={"peak": "1"})
    assert faults(found) == [("$.cases[0].input.kwh", "fields_exclusive")]


def test_rates_of_the_database_become_documents_and_others_are_named(tmp_path: Path) -> None:
    block = [{"rate": 0.1, "max": 650}, {"rate": 0.2, "max": 350}, {"rate": 0.3}]
    rates = [
        {"label": "flat", "energyratestructure": [[{"rate": 0.1, "adj": 0.02}]], "fixedchargefirstmeter": 16.48},
        {"label": "widths", "energyratestructure": [block]},
    ]
    rates.append({"label": "huge", "energyratestructure": [[{"rate": "1e9"}]]})
    file = tmp_path / "rates.json"
    file.write_text(json.dumps({"items": rates}).replace('"1e9"', "1e" + "9" * 30), encoding="utf-8")
    done = run("urdb", file, "--time-zone", "America/New_York")
    flat, widths, huge = json.loads(done.stdout)["results"]
    assert faults(huge) == [("$.energyratestructure[0][0].rate", "not_a_number")]
    assert (done.exit_code, flat["document"]["energy"]["prices"]) == (3, {"p0": "0.12"})
    assert faults(widths) == [("$.energyratestructure[0]", "limits_increments")]
    file.write_text('{"label": "a", "label": "b"}', encoding="utf-8")
    assert run("urdb", file, "--time-zone", "America/New_York").exit_code == 2
