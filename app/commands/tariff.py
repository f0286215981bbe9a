"""`wattline tariff ...`: worked cases priced, and rates of others turned into documents; no database is asked."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from app.commands import meter_files
from services.tariffs import queries
from services.tariffs.errors import TariffInvalid
from web import tariff_cases, tariff_json

CANNOT_READ: Final = 2
SOME_REFUSED: Final = 3
MOST_BYTES: Final = 256 * 1024 * 1024
DEEPEST: Final = 32
"""No field of the format lies half as deep: what is below stands in something that is refused."""
COUNTS: Final = frozenset(
    {
        *("month", "months", "months_in_cycle", "first_month", "days", "days_in_month", "interval_minutes"),
        *("persons", "min_persons", "priority", "places", "unit_price_places"),
    }
)
"""Fields that are whole numbers of JSON; every other number of the format is decimal text."""
REMARKS: Final = frozenset({"title", "source", "comment", "note", "description"})
"""What people write beside a tariff or an input, and no price follows from."""

tariff = typer.Typer(no_args_is_help=True, help="Tariffs and what they come to, without a database.")


@tariff.command("price")
def price(
    file: Annotated[Path, typer.Argument(help="JSON with a list of cases.", exists=True, dir_okay=False)],
) -> None:
    """Price the cases of a file: bills, late fees and days of prepaid accounts, each with its tariff in full.

    Prints one JSON object with a result per case, in their order. A case that cannot be priced has an `error` with
    its faults instead; the others are priced. Exit code 2 when the file is no list of cases, 3 when any has an error.
    """
    cases = _read(file).get("cases")
    if not isinstance(cases, list):
        _refuse(file, "there is no list of cases in it")
    measure = meter_files.measured_in(file.parent)
    results = [tariff_cases.result(_said(case), at=at, measure=measure) for at, case in enumerate(cases)]
    _tell(results)
    if any("error" in result for result in results):
        raise typer.Exit(SOME_REFUSED)


@tariff.command("urdb")
def urdb(
    file: Annotated[Path, typer.Argument(help="JSON: a rate, or `items` with rates.", exists=True, dir_okay=False)],
    time_zone: Annotated[str, typer.Option(help="Where its hours are meant, such as America/New_York.")],
) -> None:
    """Turn rates of the U.S. Utility Rate Database into documents of tariffs.

    Prints one JSON object with a result per rate: a `document`, or an `error` with its faults. Exit code 2 when the
    file cannot be read, 3 when any rate has an error.
    """
    read = _read(file, exact=True)
    rates = read.get("items", [read])
    if not isinstance(rates, list) or not all(isinstance(rate, dict) for rate in rates):
        _refuse(file, "there is no list of rates in it")
    results = [_document(rate, time_zone) for rate in rates]
    _tell(results)
    if any("error" in result for result in results):
        raise typer.Exit(SOME_REFUSED)


def _said(case: object) -> object:
    """A case as the format has it, from what other programs write: numbers as text, without remarks and nulls."""
    if not isinstance(case, dict):
        return case
    return {**case, **{name: _without_remarks(_texts(case[name])) for name in ("tariff", "input") if name in case}}


def _texts(part: Any, name: str = "", depth: int = 0) -> Any:
    """Whole numbers as text where the format has text; fractions are read as their digits (`_read`)."""
    if depth > DEEPEST:
        return None
    if isinstance(part, dict):
        return {key: _texts(value, key, depth + 1) for key, value in part.items()}
    if isinstance(part, list):
        return [_texts(value, name, depth + 1) for value in part]
    is_number = isinstance(part, int) and not isinstance(part, bool)
    return str(part) if is_number and name not in COUNTS else part


def _without_remarks(part: object) -> object:
    if not isinstance(part, dict):
        return part
    return {name: value for name, value in part.items() if value is not None and name not in REMARKS}


def _tell(results: list[dict[str, Any]]) -> None:
    """Print the results; half a surrogate pair, which no output can show, stays the escape that it came as."""
    told = json.dumps({"results": results}, ensure_ascii=False)
    typer.echo(told.encode("utf-8", "backslashreplace").decode())


def _document(rate: dict[str, Any], time_zone: str) -> dict[str, Any]:
    label = rate.get("label")
    named = {"id": label if isinstance(label, str) else None}
    try:
        return {**named, "document": queries.from_urdb(rate, time_zone=time_zone)}
    except TariffInvalid as refusal:
        return {**named, "error": tariff_cases.told(refusal, lambda path: path)}


def _read(file: Path, *, exact: bool = False) -> dict[str, Any]:
    """The file's object. `exact`: fractions as Decimal; otherwise as their digits, and a name that is twice is kept."""
    if file.stat().st_size > MOST_BYTES:
        _refuse(file, f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        found = tariff_json.loaded(file.read_bytes(), exact=exact, keeps_twice=not exact)
    except ValueError as error:
        _refuse(file, f"it is no JSON: {error}")
    if not isinstance(found, dict):
        _refuse(file, "it is no object of JSON")
    return found


def _refuse(file: Path, why: str) -> NoReturn:
    typer.echo(f"{file}: {why}", err=True)
    raise typer.Exit(CANNOT_READ)
