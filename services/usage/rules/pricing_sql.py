"""The statement that prices all versions of a shape, and the one that only adds up what they come to."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from services.usage.rules.compiled import MICRO, ONCE, Shape


@cache
def pricing_statement(shape: Shape, *, is_later: bool = False, is_left: bool = False) -> sa.TextClause:
    """The statement of a shape. Parameters: the versions with their numbers, the month, the range of accounts.

    Tiers by the month begin at zero, but for parts of a month behind its first: those have a statement of their own
    (`is_later`). A cycle of a year is looked up for each part, in one statement. `is_left`: only parts without a cost.
    """
    text = files("services.usage").joinpath("reads", "costs_write.sql").read_text(encoding="utf-8")
    for hole, made in _holes(shape, is_later=is_later, is_left=is_left).items():
        text = text.replace(f'"{{{hole}}}"', made)
    return sa.text(text)


@cache
def totals_statement(shape: Shape, *, is_later: bool = False, is_drafted: bool = False) -> sa.TextClause:
    """The same sums with nothing written: by account, what it comes to in all and of how many parts.

    Of `account_ids`; `is_drafted`: of `parts` that are given as rows of JSON, in place of those that are kept.
    """
    text = pricing_statement(shape, is_later=is_later).text
    priced = text[text.index("\nselect ") :]
    source = _GIVEN_PARTS if is_drafted else _KEPT_PARTS
    made = files("services.usage").joinpath("reads", "dry_run_totals.sql").read_text(encoding="utf-8")
    return sa.text(made.replace('select "{parts}"', source).replace('select "{priced}"', priced))


def _holes(shape: Shape, *, is_later: bool, is_left: bool) -> dict[str, str]:
    names, lines = shape.names(), range(1, len(shape.items) + 1)
    stride = len(names)
    within = _within if is_later or shape.cycle == "year" else _within_from_zero
    measured = [item.quantity or within(item.tier, shape.tiers) for item in shape.items]
    half = shape.divisor // 2
    signed = [f"{'-' if item.is_negative else '+'} {half}" for item in shape.items]
    products = [f"q{n} * r{n}" for n in lines]
    if shape.by_line:
        products = [f"({product} {sign}) / {shape.divisor}" for product, sign in zip(products, signed, strict=True)]
        amounts, net = [f"a{n}" for n in lines], " + ".join(f"a{n}" for n in lines)
    else:
        amounts = [f"(a{n} {sign}) / {shape.divisor}" for n, sign in zip(lines, signed, strict=True)]
        net = _round_sum([*lines], shape)
    taxes = range(1, len(shape.taxes) + 1)
    kept = _kept(shape, is_later=is_later)
    return {
        "numbers": ", ".join(
            f"(cast(:numbers as bigint[]))[(v.at - 1) * {stride} + {n}] as {name}" for n, name in enumerate(names, 1)
        ),
        "known": _known(shape, is_later=is_later),
        "parts": ("true" if shape.cycle == "year" else "u.part > 1" if is_later else "u.part = 1")
        + (_WITHOUT_COST if is_left else ""),
        "entitled": _entitled(shape),
        "facts": _facts(shape),
        "used": f"u cross join lateral {_CYCLE_ONCE} y" if shape.cycle == "year" and shape.tiers > 1 else "u",
        "rates": ", ".join([f"r{n}" for n in lines] + [f"t{n}" for n in taxes] + kept),
        "measured": ", ".join(f"{quantity} as q{n}" for n, quantity in enumerate(measured, 1)),
        "shared": "u" + _shares_of_tiers(shape, within),
        "products": ", ".join(
            [
                f"q{n} * r{n} as wanted" if n == _least(shape) else f"q{n}, {product} as a{n}"
                for n, product in zip(lines, products, strict=True)
            ]
            + [f"t{n}" for n in taxes]
            + kept
        ),
        "columns": ", ".join(["figures", *kept]),
        "kept": "".join(f", {name}" for name in kept),
        "lines": "l" + _lacking(shape) + _taxed(shape, net),
        "total": "net" + "".join(f" + x{n}" for n in taxes) if shape.taxes else net,
        "figures": ", ".join(
            [
                *(f"q{n}" for n in lines),
                *(f"s{n} * {10 ** (MICRO - shape.minor_places)}" for n in taxes),
                *amounts,
                *(f"x{n}" for n in taxes),
            ]
        ),
    }


def _within(number: int, tiers: int) -> str:
    """The use of one tier: from `b` (used before in the cycle) to `b + e`, between the limits `h` of the account."""
    high = "b + e" if number == tiers else f"least(b + e, h{number})"
    low = "b" if number == 1 else f"greatest(b, h{number - 1})"
    if number == tiers == 1:
        return "e"
    return f"greatest({high} - {low}, 0)"


def _within_from_zero(number: int, tiers: int) -> str:
    """The same where nothing was used before: a comparison less for each limit and row."""
    high = "e" if number == tiers else f"least(e, h{number})"
    return high if number == 1 else f"greatest({high} - h{number - 1}, 0)"


def _round_sum(lines: Iterable[int], shape: Shape) -> str:
    total = " + ".join(f"a{n}" for n in lines) or "0"
    return f"({total} + sign({total})::bigint * {shape.divisor // 2}) / {shape.divisor}"


def _least(shape: Shape) -> int:
    """Which line is what is missing to a minimum; 0 for none."""
    return len(shape.items) if shape.has_least else 0


def _lacking(shape: Shape) -> str:
    """What is missing to the minimum: both are counted in products, also where lines are rounded already."""
    if not (line := _least(shape)):
        return ""
    reached = " + ".join(f"a{n}" for n in range(1, line))
    products, lack = reached, "lack"
    if shape.by_line:
        products, lack = f"({reached}) * {shape.divisor}", f"(lack + {shape.divisor // 2}) / {shape.divisor}"
    return (
        f" cross join lateral (select wanted - ({products}) as lack offset 0) m"
        f" cross join lateral (select case when lack > 0 then {ONCE} else 0 end as q{line},"
        f" case when lack > 0 then {lack} else 0 end as a{line} offset 0) o"
    )


def _shares_of_tiers(shape: Shape, within: Callable[[int, int], str]) -> str:
    """The use of tiers, and what of it is a period's and those before; `e` squared leaves 64 bits above 2^31."""
    tiers = sorted({item.tier for item in shape.items if item.tier})
    if not shape.shares or not tiers:
        return ""
    made = [
        f"case when e = 0 then 0 when e < 2147483648 then (2 * m{tier} * ({share}) + e) / (2 * e)"
        f" else div(2::numeric * m{tier} * ({share}) + e, 2 * e)::bigint end as s{tier}_{at}"
        for tier in tiers
        for at, share in enumerate(shape.shares, 1)
    ]
    used = ", ".join(f"{within(tier, shape.tiers)} as m{tier}" for tier in tiers)
    return f" cross join lateral (select {used} offset 0) m cross join lateral (select {', '.join(made)} offset 0) s"


def _taxed(shape: Shape, net: str) -> str:
    if not shape.taxes:
        return ""
    sums = [
        _round_sum(tax.lines, shape) if not shape.by_line else " + ".join(f"a{n}" for n in tax.lines) or "0"
        for tax in shape.taxes
    ]
    unit = 10**shape.places
    made = [
        f"(s{n} * t{n} + sign(s{n} * t{n})::bigint * {unit // 2}) / {unit} as x{n}"
        for n in range(1, len(shape.taxes) + 1)
    ]
    named = ", ".join(f"{text} as s{n}" for n, text in enumerate(sums, 1))
    return (
        f" cross join lateral (select {net} as net, {named} offset 0) s"
        f" cross join lateral (select {', '.join(made)} offset 0) x"
    )


def _known(shape: Shape, *, is_later: bool) -> str:
    limits = range(1, shape.tiers)
    chosen = [
        f"case when u.persons >= t.persons then t.l{n} else t.u{n} end" if shape.has_household else f"t.u{n}"
        for n in limits
    ]
    times = " * y.months" if shape.cycle == "year" else ""
    before = "y.used_before" if shape.cycle == "year" else f"({_USED_BEFORE} {_CYCLE} y)" if is_later else "0"
    rests_on = _RESTS_ON if shape.cycle == "year" else f"(select {_RESTS_ON} from {_CYCLE} y)"  # noqa: S608 - constants
    return ", ".join(
        [f"{before if shape.tiers > 1 else '0'} as b"]
        + [f"({text}){times} as h{n}" for n, text in enumerate(chosen, 1)]
        + [f"u.f{n}" for n in range(1, len(shape.flags) + 1)]
        + [f"{rests_on} as rests_on" for _ in _kept(shape, is_later=is_later)]
    )


def _kept(shape: Shape, *, is_later: bool) -> list[str]:
    """Columns of a cost beside its figures: on what it rests, where something may have been used before."""
    return ["rests_on"] if shape.tiers > 1 and (is_later or shape.cycle == "year") else []


def _entitled(shape: Shape) -> str:
    """What is joined to the parts. Both sides come in the order of accounts: merged, they meet without a hash table."""
    joins = ["u"]
    if shape.has_household:
        joins.append(_ENTITLED.format(alias="w", kind="persons"))
    joins += [_ENTITLED.format(alias=f"f{n}", kind=flag) for n, flag in enumerate(shape.flags, 1)]
    return "\n        ".join(joins)


def _facts(shape: Shape) -> str:
    persons = ", w.value::bigint as persons" if shape.has_household else ""
    return persons + "".join(f", f{n}.value is not null as f{n}" for n in range(1, len(shape.flags) + 1))


_ENTITLED: Final = """left join entitlement {alias} on {alias}.account_id = u.account_id and {alias}.kind = '{kind}'
          and {alias}.valid_from <= u.first_day and ({alias}.valid_to is null or {alias}.valid_to > u.first_day)"""

_CYCLE: Final = "usage_cycle(u.account_id, t.code, u.first_day, cast(:cycle_first as date), cast(:cycle_end as date))"
_CYCLE_ONCE: Final = f"(select * from {_CYCLE} offset 0)"  # noqa: S608 - constants
"""Fenced: what was used before is a query, and stands in every tier."""
_USED_BEFORE: Final = "select y.used_before from"
_RESTS_ON: Final = "array[y.months, y.used_before, y.since - date '2000-01-01']"
_WITHOUT_COST: Final = """ and not exists (
          select from usage_cost k where k.account_id = u.account_id and k.month = u.month and k.part = u.part)"""
_KEPT_PARTS: Final = """select m.* from usage_month m
          where m.month = cast(:month as date) and m.account_id = any(cast(:account_ids as bigint[]))"""
_GIVEN_PARTS: Final = """select p.* from jsonb_to_recordset(cast(:parts as jsonb)) p (account_id bigint, month date,
          part smallint, version_id bigint, first_day date, end_day date, energy bigint, export_energy bigint,
          energies bigint[])"""
