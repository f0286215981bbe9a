"""SQL and the exact engine price every part of a month alike, line by line to the minor unit."""

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession, to_json
from core.money import exponent
from services.tariffs.queries import Priced, dump, parse, period_of, price
from services.usage.operations.pricing import PricedVersion, price_months
from services.usage.queries.parts import parts_of, use_of
from services.usage.rules.compiled import Uncompiled, compiled
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version

MONTH: Final = date(2025, 7, 1)
BEFORE: Final = tuple(date(2025, month, 1) for month in range(1, 7))
VERSIONS, ACCOUNTS = 60, 2_400
NAMES: Final = ("sharp", "peak", "flat", "valley", "deep_valley")
PEOPLE: Final = """
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency, holder_since)
select '8' || lpad(g::text, 9, '0'), a.unit_id, a.customer_id, a.premises_id, 'residential', 'active', 'CNY',
  case g % 7 when 0 then date '2025-03-11' when 1 then date '2025-07-16' end
from account a, generate_series(1, cast(:count as integer)) g where a.id = :account
"""
USED: Final = """
insert into usage_month (account_id, month, part, version_id, first_day, end_day, days, energies, energy, export_energy, reactive_energy, max_demand,
  measured_minutes, missing_minutes, estimated_minutes, aggregated_at)
select u.account_id, u.month, u.part, u.version_id, u.first_day, u.end_day, u.end_day - u.first_day, u.energies,
  (select sum(e) from unnest(u.energies) e), u.export_energy, 0, 4000, 0, 0, 0, now()
from jsonb_to_recordset(cast(:rows as jsonb)) u (account_id bigint, month date, part smallint, version_id bigint, first_day date, end_day date,
  energies bigint[], export_energy bigint)
"""


def decimal(dice: random.Random, most: str, places: int) -> str:
    return str(Decimal(dice.randrange(int(Decimal(most) * 10**places))).scaleb(-places))


def document(dice: random.Random, number: int) -> dict[str, Any]:
    """A tariff of a shape that compiles."""
    places = dice.choice((2, 4, 5, 8))
    by_tier = dice.random() < 0.4
    by_season = by_tier and dice.random() < 0.3
    names = ["all"] if by_tier or dice.random() < 0.2 else dice.sample(NAMES, dice.randint(2, 5))
    names = ["dry", "wet"] if by_season else names
    tiers = dice.randint(0, 4)
    bounds = [str(bound) for bound in sorted(dice.sample(range(20, 900), max(tiers - 1, 0)))]
    adders = [decimal(dice, "0.5", places) if at or dice.random() < 0.2 else "0" for at in range(tiers)]
    made: dict[str, Any] = {
        "id": f"random-{number}",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"mode": "half_up", "stage": dice.choice(("line", "bill"))},
        "energy": {
            "lines": "per_tier" if by_tier else "period_plus_adders",
            "prices": {name: decimal(dice, "1.6", places) for name in names},
        },
    }
    if by_season:
        months = dice.choice(([6, 7, 8], [1, 2, 12]))
        made["energy"] |= {
            "windows": [{"period": "wet", "from": "00:00", "to": "24:00", "months": months}],
            "default_period": "dry",
        }
    elif names != ["all"]:
        hours = [f"{hour:02}:00" for hour in range(25)]
        made["energy"] |= {
            "windows": [
                {"period": name, "from": hours[2 * at], "to": hours[2 * at + 2]} for at, name in enumerate(names[:-1])
            ],
            "default_period": names[-1],
        }
    if tiers > 1:
        cycle = dice.choice(("month", "year"))
        made["tiers"] = {"cycle": cycle, "adders": adders}
        if not by_tier and dice.random() < 0.5:
            made["tiers"] = {"cycle": cycle, "adders_by_period": {name: dice.sample(adders, tiers) for name in names}}
        if cycle == "month" and dice.random() < 0.5:
            others = [str(Decimal(bound) + dice.randrange(5)) for bound in bounds]
            made["tiers"]["seasons"] = [
                {"months": [5, 6, 7, 8], "bounds": bounds},
                {"months": [1, 2, 3, 4, 9, 10, 11, 12], "bounds": others},
            ]
        else:
            made["tiers"]["bounds_per_month"] = bounds
        if cycle == "year" and dice.random() < 0.3:
            made["tiers"]["first_month"] = dice.randint(2, 9)
        if dice.random() < 0.6:
            made["household"] = {
                "min_persons": dice.randint(4, 6),
                "extra_kwh_per_month": str(dice.choice((50, 100, 400))),
                "mode": dice.choice(("first_only", "shift_all")),
            }
    return made | besides(dice, places)


def besides(dice: random.Random, places: int) -> dict[str, Any]:
    """What a bill has beside energy."""
    made: dict[str, Any] = {}
    made["per_kwh"] = [{"code": f"fund{at}", "rate": decimal(dice, "0.03", places)} for at in range(dice.randrange(3))]
    made["fixed"] = [
        {"code": "standing", "amount": decimal(dice, "2", 4), "per": "day"},
        {
            "code": "service",
            "amount": decimal(dice, "30", 2),
            "per": "month",
            "part_month": dice.choice(("whole", "by_days")),
        },
    ][: dice.randrange(3)]
    if dice.random() < 0.5:
        made["export"] = {"price": decimal(dice, "0.6", places)}
    if dice.random() < 0.4:
        made["credits"] = [
            {
                "code": "free_kwh",
                "flag": "low_income",
                "kwh": dice.choice(("15", "999999999.999999")),
                "rate": decimal(dice, "0.6", places),
                "part_month": dice.choice(("whole", "by_days")),
            }
        ]
    if dice.random() < 0.4:
        made["minimum"] = {
            "amount": decimal(dice, "30", dice.choice((0, 2, 4))),
            "per": dice.choice(("month", "day")),
            "part_month": dice.choice(("whole", "by_days")),
        }
    if dice.random() < 0.4:
        made["tax"] = {"rate": decimal(dice, "0.2", 3), "on": "net"}
    elif dice.random() < 0.3:
        made["taxes"] = [{"code": "levy", "rate": decimal(dice, "0.1", 4), "on": "net", "base": ["energy", "minimum"]}]
    return made


def published(session: WriteSession, documents: Sequence[dict[str, Any]]) -> list[PricedVersion]:
    made = []
    for at, each in enumerate(documents):
        tariff = parse(each)
        periods = tuple(reversed(tariff.periods))  # any order: it is the version that says which energy is which
        version_id = make_version(session, code=f"T{at}", document=each, periods=periods)
        made.append(PricedVersion(version_id, f"T{at}", tariff, periods))
    return made


def used(
    dice: random.Random, account_ids: Sequence[int], versions: Sequence[PricedVersion]
) -> Iterator[dict[str, Any]]:
    """This month, some of it in two parts, and the months before; now and then a use on the very limit, or enormous."""
    for at, account_id in enumerate(account_ids):
        version = versions[at % len(versions)]
        cut = 16 if at % 7 == 1 else 10 if at % 11 == 0 else None
        days = [(1, cut), (cut, None)] if cut else [(1, None)]
        for month in (*BEFORE[dice.randrange(6) :], MONTH):
            for part, (first, end) in enumerate(days if month == MONTH else [(1, None)], 1):
                most = 10**14 if dice.random() < 0.02 else dice.choice((3, 60, 400, 900)) * 1_000_000
                step = dice.choice((1, 1000, 1_000_000))
                energies = [dice.randrange(most + 1) // step * step for _ in version.periods]
                if dump(version.tariff)["energy"]["lines"] == "per_tier":  # a month is all in one of them
                    own = period_of(version.tariff, datetime(2025, month.month, 1))  # noqa: DTZ001
                    energies = [
                        energy if name == own else 0 for name, energy in zip(version.periods, energies, strict=True)
                    ]
                yield {
                    "account_id": account_id,
                    "month": month,
                    "part": part,
                    "version_id": version.id,
                    "first_day": month.replace(day=first or 1),
                    "end_day": month.replace(day=end) if end else month.replace(month=month.month + 1),
                    "energies": energies,
                    "export_energy": dice.choice((0, dice.randrange(10**9))),
                }


def in_minor(amount: Decimal, currency: str) -> int:
    return int((amount.scaleb(exponent(currency))).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def engine_lines(priced: Priced) -> dict[str, tuple[Decimal, int]]:
    return {line.code: (line.quantity, in_minor(line.amount, priced.currency)) for line in priced.lines}


def test_sql_and_the_engine_price_random_tariffs_and_uses_alike_to_the_minor_unit(
    database: Database, vault: Vault
) -> None:
    dice = random.Random(20250701)
    with database.write() as session:
        versions = published(session, [document(dice, number) for number in range(VERSIONS)])
        first = make_account(session, vault).id
        session.sql(PEOPLE, count=ACCOUNTS, account=first)
        accounts: list[int] = list(
            session.sql("select id from account where id > :first order by id", first=first).scalars()
        )
        session.sql(
            """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from, valid_to)
               select a.id, 1, 'T' || ((a.place - 1) % :versions), false, case a.place % 5 when 0 then date '2025-05-20' else date '2024-02-01' end,
                 case a.place % 13 when 0 then date '2025-09-10' end
               from unnest(cast(:ids as bigint[])) with ordinality a (id, place)""",
            versions=VERSIONS,
            ids=accounts,
        )
        session.sql(
            """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
               select a.id, k.id, c.customer_id, k.kind, case k.kind when 'persons' then 3 + a.id % 5 else 1 end, date '2025-07-01' + (a.id % 3)::int * 4, now()
               from unnest(cast(:ids as bigint[])) a (id) join account c on c.id = a.id, (values (1, 'persons'), (2, 'low_income')) k (id, kind)
               where a.id % (k.id + 1) = 0""",
            ids=accounts,
        )
        session.sql(USED, rows=to_json(list(used(dice, accounts, versions))))
    with database.write() as session:
        done = price_months(session, month=MONTH, first=min(accounts), last=max(accounts), versions=versions)
    assert done.by_sql > 0.9 * ACCOUNTS
    assert done.by_engine > 0
    assert done.unpriced == 0
    by_id = {version.id: version for version in versions}
    with database.write() as session:
        tariffs = {version.id: version.tariff for version in versions}
        parts = parts_of(session, account_ids=accounts, months=[MONTH], tariffs=tariffs)
        rows = session.sql("select * from usage_cost where month = :month", month=MONTH)
        costs = {(row.account_id, row.part): row for row in rows}
    assert costs.keys() == {(part.account_id, part.part) for part in parts}
    for part in parts:
        version = by_id[part.version_id or 0]
        expected = price(version.tariff, use_of(part, version.tariff, version.periods))
        cost = costs[part.account_id, part.part]
        told = f"{version.tariff.document.model_dump_json(exclude_unset=True)} {part}"
        assert cost.total_minor == expected.total_minor, told
        if cost.lines is None:
            shape = compiled(version.tariff, month=7, periods=version.periods).shape
            codes = shape.codes()
            quantities, amounts = cost.figures[: len(codes)], cost.figures[len(codes) :]
            lines = zip(codes, quantities, amounts, strict=True)
            assert {
                code: (Decimal(quantity).scaleb(-6), amount) for code, quantity, amount in lines if quantity
            } == engine_lines(expected), told


def test_pricing_again_gives_the_same_rows(database: Database, vault: Vault) -> None:
    with database.write() as session:
        versions = published(session, [document(random.Random(3), 1)])
        account_id = make_account(session, vault).id
        session.sql(USED, rows=to_json(list(used(random.Random(5), [account_id], versions))))
    kept = []
    for _ in range(2):
        with database.write() as session:
            price_months(session, month=MONTH, first=1, last=account_id, versions=versions)
            kept.append(session.sql("select * from usage_cost").all())
    assert kept[0] == kept[1] != []


def test_who_leaves_in_the_year_pays_by_the_limits_of_the_months_until_then(database: Database, vault: Vault) -> None:
    """Limits of 210 kWh a month: four months for who leaves on 20 April, nine for who comes."""
    yearly = {
        "id": "yearly",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"mode": "half_up", "stage": "line"},
        "energy": {"lines": "per_tier", "prices": {"all": "0.50"}},
        "tiers": {"cycle": "year", "bounds_per_month": ["210"], "adders": ["0", "0.10"]},
    }
    leaves, april = date(2025, 4, 20), date(2025, 4, 1)
    parts = [(date(2025, 3, 1), april, 1, 800), (april, leaves, 1, 100), (leaves, date(2025, 5, 1), 2, 100)]
    with database.write() as session:
        versions = published(session, [yearly])
        account_id = make_account(session, vault).id
        session.sql("update account set holder_since = :on where id = :id", on=leaves, id=account_id)
        session.sql(
            """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
               values (:id, 1, 'T0', false, '2024-02-01')""",
            id=account_id,
        )
        rows = [
            {
                "account_id": account_id,
                "month": first.replace(day=1),
                "part": part,
                "version_id": versions[0].id,
                "first_day": first,
                "end_day": end,
                "energies": [kwh * 1_000_000],
                "export_energy": 0,
            }
            for first, end, part, kwh in parts
        ]
        session.sql(USED, rows=to_json(rows))
        price_months(session, month=april, first=1, last=account_id, versions=versions)
        costs = session.sql("select figures, total_minor from usage_cost order by part").all()
    assert [(cost.figures[:2], cost.total_minor) for cost in costs] == [
        ([40_000_000, 60_000_000], 5600),
        ([100_000_000, 0], 5000),
    ]


CASES: Final[dict[str, dict[str, object]]] = {
    "demand": {"demand": {"mode": "actual", "price": "30"}},
    "rounding": {"rounding": {"mode": "half_even", "stage": "line"}},
    "power_factor": {
        "power_factor": {
            "standard": "0.9",
            "segments": [{"lo": "0", "hi": "1", "anchor": "0.9", "anchor_rate": "0", "per_point": "0.01"}],
            "base": ["energy"],
        }
    },
    "slots": {"energy": {"lines": "slots", "prices": {"all": "0"}}},
    "fixed": {"fixed": [{"code": "huge", "amount": "999999999.99999999", "per": "day"}]},
}


@pytest.mark.parametrize("reason", CASES)
def test_a_shape_that_sql_does_not_price_says_why(reason: str) -> None:
    plain: dict[str, object] = {
        "id": "x",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "energy": {"lines": "per_tier", "prices": {"all": "0.5"}},
    }
    with pytest.raises(Uncompiled, match=reason):
        compiled(parse(plain | CASES[reason]), month=7)


def test_the_page_names_every_reason_for_which_a_tariff_takes_the_engine() -> None:
    root = Path(__file__).parents[3]
    code = (root / "services" / "usage" / "rules" / "compiled.py").read_text("utf-8")
    page = (root / "docs" / "concepts" / "usage.md").read_text("utf-8").partition("## What is shown")[0]
    parts = re.search(r"parts = \{(.*?)\n    \}", code, re.DOTALL)
    assert parts is not None
    reasons = {*re.findall(r'Uncompiled\("(\w+)"\)', code), *re.findall(r'^        "(\w+)":', parts[1], re.MULTILINE)}
    assert reasons == set(re.findall(r"^\| `(\w+)` \|", page.partition("## What is shown")[0], re.MULTILINE))
    assert reasons >= CASES.keys()
