"""Every shape of a tariff prices a case, an account by the engine and, where it compiles, by SQL, all to the same amount."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.periods import start_of
from services.accounts.queries import AccountId
from services.tariffs.operations import calendar
from services.tariffs.queries import DayFacts, Tariff, VersionId, demand_period_of, parse, period_of
from services.usage import operations, queries
from services.usage.operations import PricedMonth, PricedVersion, price_months
from services.usage.queries.comparing import dry_run
from services.usage.rules.compiled import Uncompiled, compiled
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import ZONE, bind, days_of, put_readings
from web.tariff_cases import result

JUNE, JULY, AUGUST = date(2025, 6, 1), date(2025, 7, 1), date(2025, 8, 1)
READ: Final = [*days_of(date(2025, 6, 29), AUGUST)]
HOLIDAY, HOT = date(2025, 7, 4), date(2025, 7, 9)
LIMITS: Final = {"cycle": "month", "bounds_per_month": ["150", "400"], "adders": ["0", "0.05", "0.30"]}
BY_YEAR: Final = {**LIMITS, "cycle": "year", "bounds_per_month": ["20", "50"]}
EXTRA: Final = {"min_persons": 5, "extra_kwh_per_month": "100"}
TOU: Final[dict[str, Any]] = {
    "lines": "period_plus_adders",
    "prices": {"sharp": "1.24376094", "peak": "0.99500875", "flat": "0.58886875", "valley": "0.22914475"},
    "windows": [
        {"period": "sharp", "from": "15:00", "to": "17:00", "temperature": {"place": "town", "at_least_c": "35"}},
        {"period": "valley", "from": "10:00", "to": "14:00", "holidays": ["feast"]},
        {"period": "valley", "from": "00:00", "to": "08:00"},
        {"period": "peak", "from": "09:30", "to": "12:00", "days": ["workday"]},
        {"period": "peak", "from": "14:00", "to": "19:00", "months": [6, 7, 8]},
    ],
    "default_period": "flat",
}
PARTS: Final = [
    {"name": "energy", "price": "0.5802", "floats": True},
    {"name": "fund", "price": "0.0087", "floats": False},
]
RATIOS: Final = {"sharp": "2.125", "peak": "1.7", "flat": "1", "valley": "0.38"}
CONTRACT: Final = {
    "mode": "contract",
    "price": "36.1",
    "over_ratio": "1.05",
    "over_multiplier": "2",
    "floor_ratio": "0.40",
}
BY_PERIOD: Final = {
    "demand_charges": [
        {"code": "day_power", "period": "peak", "prices": ["12.5"]},
        {"code": "night_power", "period": "valley", "prices": ["1", "2"], "bounds": ["1.5"]},
    ],
    "demand_periods": {
        "windows": [{"period": "peak", "from": "08:15", "to": "21:00", "days": ["workday"]}],
        "default_period": "valley",
    },
}
FACTOR: Final = {
    "standard": "0.90",
    "segments": [
        {"lo": "0.90", "hi": "1.00", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.0015"},
        {"lo": "0.00", "hi": "0.89", "anchor": "0.90", "anchor_rate": "0", "per_point": "0.005"},
    ],
    "base": ["energy", "demand"],
}
SHAPES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "tiers by the month": ({"tiers": LIMITS}, "sql"),
    "tiers by the year": ({"tiers": BY_YEAR}, "sql"),
    "seasons": (
        {
            "tiers": {
                "cycle": "month",
                "seasons": [
                    {"months": [5, 6, 7, 8, 9, 10], "bounds": ["160", "300"]},
                    {"months": [11, 12, 1, 2, 3, 4], "bounds": ["100", "200"]},
                ],
                "adders": ["0", "0.05", "0.30"],
            }
        },
        "sql",
    ),
    "household, first limit": ({"tiers": LIMITS, "household": {**EXTRA, "mode": "first_only"}}, "sql"),
    "household, every limit": ({"tiers": BY_YEAR, "household": {**EXTRA, "mode": "shift_all"}}, "sql"),
    "times of use": ({"energy": TOU}, "sql"),
    "times of use, then tiers": ({"energy": TOU, "tiers": LIMITS}, "sql"),
    "adders by period": (
        {
            "energy": TOU,
            "tiers": {
                "cycle": "month",
                "bounds_per_month": ["150"],
                "adders_by_period": {name: ["0", f"0.0{at}"] for at, name in enumerate(TOU["prices"], 1)},
            },
        },
        "sql",
    ),
    "components that float": (
        {
            "energy": {
                **{key: value for key, value in TOU.items() if key != "prices"},
                "components": PARTS,
                "ratios": RATIOS,
            },
            "rounding": {"mode": "half_up", "stage": "line", "unit_price_places": 4},
        },
        "sql",
    ),
    "funds": ({"per_kwh": [{"code": "fund", "rate": "0.0190"}]}, "sql"),
    "fixed charges": (
        {
            "fixed": [
                {"code": "standing", "amount": "0.4511", "per": "day"},
                {"code": "service", "amount": "9.99", "per": "month", "part_month": "by_days"},
            ]
        },
        "sql",
    ),
    "minimum": ({"minimum": {"amount": "777.77"}}, "sql"),
    "export": ({"export": {"price": "0.3949"}}, "sql"),
    "free kWh": ({"credits": [{"code": "free", "flag": "low_income", "kwh": "15", "rate": "0.5469"}]}, "sql"),
    "tax": ({"tax": {"rate": "0.13", "on": "net"}, "rounding": {"mode": "half_up", "stage": "bill"}}, "sql"),
    "another rounding": ({"rounding": {"mode": "half_even", "stage": "line", "places": 1}}, "rounding"),
    "prices of intervals": ({"energy": {"lines": "slots", "prices": {"all": "0"}}}, "slots"),
    "capacity": ({"demand": {"mode": "capacity", "price": "22.6"}}, "demand"),
    "measured demand": ({"demand": {"mode": "actual", "price": "36.1"}}, "demand"),
    "contracted demand": ({"demand": CONTRACT}, "demand"),
    "charges on demand": (
        {"demand_charges": [{"code": "power", "prices": ["5", "7.5"], "bounds": ["2"], "months": [7]}]},
        "demand",
    ),
    "demand periods": (BY_PERIOD, "demand"),
    "power factor": ({"power_factor": FACTOR}, "power_factor"),
    "all of a works": (
        {"energy": TOU, "demand": CONTRACT, "power_factor": FACTOR, "per_kwh": [{"code": "fund", "rate": "0.0190"}]},
        "demand, power_factor",
    ),
}
"""What a document has besides one price, and what prices an account on it: SQL, or the engine for a reason."""
FACTS: Final = {"persons": 5, "low_income": "1", "contract_kw": "3.25", "transformer_kva": "6"}
Day = dict[str, list[int]]


def readings(dice: random.Random) -> dict[date, Day]:
    """Of each day what was taken and given and reactive, in millionths, by the quarter-hour or by the hour."""
    return {
        day: {
            "import": [dice.randrange(900) * 1000 for _ in range(96)],
            "export": [dice.randrange(300) * 1000 for _ in range(24)],
            "reactive_lag": [dice.randrange(900) * 1000 for _ in range(24)],
            "reactive_lead": [dice.randrange(200) * 1000 for _ in range(24)],
        }
        for day in READ
    }


def rate_of(start: datetime) -> Decimal:
    """The price of a half-hour, below zero at times."""
    return Decimal((start.day * 48 + start.hour * 2 + start.minute // 30) * 7919 % 9000 - 1500).scaleb(-2)


def said(tariff: Tariff, days: dict[date, Day]) -> dict[str, Any]:
    """The input of a case, found in the intervals one by one."""
    kwh: dict[str, Decimal] = defaultdict(Decimal)
    by_period = dict.fromkeys(tariff.demand_periods, Decimal(0))
    highest, before, slots = Decimal(0), Decimal(0), []
    for day, each in days.items():
        facts = DayFacts(
            frozenset({"feast"} if day == HOLIDAY else ()), max_c={"town": Decimal(36)} if day == HOT else {}
        )
        for at, energy in enumerate(each["import"]):
            start = start_of(day, ZONE).astimezone(ZONE) + timedelta(minutes=15 * at)
            used = Decimal(energy).scaleb(-6)
            if day < JULY:
                before += used
                continue
            kwh[period_of(tariff, start, facts)] += used
            highest = max(highest, 4 * used)
            slots.append({"kwh": f"{used}", "rate_minor": f"{rate_of(start - timedelta(minutes=start.minute % 30))}"})
            if (named := demand_period_of(tariff, start, facts)) is not None:
                by_period[named] = max(by_period[named], 4 * used)
    july = [each for day, each in days.items() if day >= JULY]
    sums = {name: Decimal(sum(sum(each[name]) for each in july)).scaleb(-6) for name in july[0]}
    used_as: dict[str, Any] = {"kwh": {name: f"{each}" for name, each in kwh.items()}}
    return {
        **({"slots": slots} if tariff.by_slot else used_as),
        "month": 7,
        "days": 31,
        "days_in_month": 31,
        "months_in_cycle": 12,
        "kwh_before_in_cycle": f"{before}" if tariff.document.tiers and tariff.document.tiers.cycle == "year" else "0",
        "max_demand_kw": f"{highest}",
        "max_demand_by_period": {name: f"{each}" for name, each in by_period.items()},
        "kvarh": f"{sums['reactive_lag'] + sums['reactive_lead']}",
        "export_kwh": f"{sums['export']}",
        "account": {"persons": 5, "flag": "low_income", "contract_kw": "3.25", "transformer_kva": "6"},
    }


def know_the_days(session: WriteSession) -> None:
    session.sql("insert into holiday (day, name, kind) values (:day, 'feast', 'holiday')", day=HOLIDAY)
    session.sql("insert into temperature_day (place, day, max_c) values ('town', :day, 36)", day=HOT)


def entitle(session: WriteSession, account_id: int) -> None:
    for no, (kind, value) in enumerate(FACTS.items(), 1):
        session.sql(
            """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
               select id, :no, customer_id, :kind, :value, date '2025-01-01', now() from account where id = :account""",
            no=no,
            kind=kind,
            value=value,
            account=account_id,
        )


def publish(session: WriteSession, code: str, document: dict[str, Any]) -> VersionId:
    made = VersionId(make_version(session, code=code, document=document, periods=parse(document).periods))
    calendar.make_days(session, version_id=made, first=READ[0], end=AUGUST, zone=ZONE)
    if document["energy"]["lines"] == "slots":
        for at in range(31 * 48):
            start = datetime(2025, 7, 1, tzinfo=ZONE) + timedelta(minutes=30 * at)
            session.sql(
                """insert into tariff_slot_price (tariff_code, start_at, minutes, rate_minor, day, quarter)
                   values (:code, :start, 30, :rate, :day, :quarter)""",
                code=code,
                start=start,
                rate=rate_of(start),
                day=start.date(),
                quarter=start.hour * 4 + start.minute // 15,
            )
    return made


def by_what(tariff: Tariff, month: date) -> str:
    try:
        compiled(tariff, month=month.month, periods=tariff.periods)
    except Uncompiled as why:
        return str(why)
    return "sql"


def test_a_case_the_engine_and_sql_price_every_shape_alike(database: Database, vault: Vault) -> None:
    days = readings(random.Random(1))
    documents = {name: {**FLAT, "id": f"shape {at}", **more} for at, (name, (more, _)) in enumerate(SHAPES.items())}
    with database.write() as session:
        know_the_days(session)
        on: dict[str, tuple[AccountId, VersionId]] = {}
        for at, (name, document) in enumerate(documents.items()):
            account_id = make_account(session, vault).id
            on[name] = account_id, publish(session, f"S{at}", document)
            bind(session, account_id, f"S{at}")
            entitle(session, account_id)
            for channel in ("import", "export", "reactive_lag", "reactive_lead"):
                of_channel: dict[date, list[int | None]] = {day: [*each[channel]] for day, each in days.items()}
                put_readings(
                    session, account_id, of_channel, minutes=15 if channel == "import" else 60, channel=channel
                )
        accounts = [account_id for account_id, _ in on.values()]
        operations.aggregate(session, months={JUNE: accounts, JULY: accounts}, zone=ZONE)
    exact, table = {}, {}
    for at, (name, document) in enumerate(documents.items()):
        tariff, (account_id, version_id) = parse(document), on[name]
        case = result({"id": name, "kind": "bill", "tariff": document, "input": said(tariff, days)}, at=0, measure=none)
        assert "error" not in case, case
        exact[name] = case["total_minor"]
        with database.write() as session:
            version = PricedVersion(version_id, f"S{at}", tariff, tariff.periods)
            done = price_months(session, month=JULY, first=account_id, last=account_id, versions=[version])
            table[name] = by_what(tariff, JULY)
            assert done == PricedMonth(int(table[name] == "sql"), int(table[name] != "sql"), 0), name
    assert table == {name: why for name, (_, why) in SHAPES.items()}
    with database.read() as session:
        costs = session.sql("select account_id, total_minor from usage_cost").all()
        stored = {row.account_id: row.total_minor for row in costs}
        units = session.sql("select distinct unit_id from account").scalars().all()
        for at, (name, (account_id, _)) in enumerate(on.items()):
            running = queries.running_cost(session, account_id=account_id, today=AUGUST - timedelta(1), zone=ZONE)
            by_day = queries.cost_by_day(session, account_id=account_id, month=JULY, zone=ZONE)
            tried = dry_run(
                session,
                tariff_code=f"S{at}",
                version_no=1,
                tariff=parse(documents[name]),
                unit_ids=units,
                month=JULY,
                zone=ZONE,
            )
            assert running is not None
            found = {
                "kept": stored[account_id],
                "running": running.total.minor,
                "days": sum(each.cost.minor for each in by_day),
                "tried": [(each.before.minor, each.after.minor) for each in tried.largest],
            }
            one = exact[name]
            assert found == {"kept": one, "running": one, "days": one, "tried": [(one, one)]}, name


def test_a_power_factor_is_not_taken_for_one_where_nothing_measures_reactive_energy(
    database: Database, vault: Vault
) -> None:
    document = {**FLAT, "power_factor": FACTOR}
    used: dict[date, list[int | None]] = {day: [1_000_000] * 24 for day in READ}
    version = PricedVersion(0, "POWER", parse(document), ("all",))
    with database.write() as session:
        account_id = make_account(session, vault).id
        version = replace(version, id=publish(session, "POWER", document))
        bind(session, account_id, "POWER")
        put_readings(session, account_id, used, minutes=60)
        operations.aggregate(session, months={JULY: [account_id]}, zone=ZONE)
        assert price_months(session, month=JULY, first=1, last=account_id, versions=[version]).unpriced == 1
        running = queries.running_cost(session, account_id=account_id, today=JULY, zone=ZONE)
        assert running is not None
        assert (running.parts, running.unpriced_days) == ((), 31)
        put_readings(session, account_id, used, minutes=60, channel="reactive_lag")
        operations.aggregate(session, months={JULY: [account_id]}, zone=ZONE)
        assert price_months(session, month=JULY, first=1, last=account_id, versions=[version]).by_engine == 1
        running = queries.running_cost(session, account_id=account_id, today=JULY, zone=ZONE)
    assert running is not None
    assert [(line.code, line.rate) for part in running.parts for line in part.lines] == [
        ("energy", Decimal("0.5469")),
        ("power_factor", Decimal("0.095")),
    ], "a factor of 0.71, 19 points below the standard"


def none(*_: object) -> Any:
    """No case names a file."""
    raise AssertionError
