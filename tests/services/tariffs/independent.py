"""A second engine, written from the rules of the format alone: it judges the product's.

It imports nothing of ours and nothing that ours imports, and counts in fractions: no digit is ever rounded but where
the rules say so. It is meant to be short and plain, not fast.
"""

from fractions import Fraction
from typing import Any

ISO = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
PERIODS = ["sharp", "peak", "flat", "valley", "deep_valley"]
NET = ["energy", "surcharges", "demand", "power_factor", "fixed", "export", "credits", "minimum"]
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

Doc = dict[str, Any]
Row = tuple[str, str, Fraction, Fraction]
"""Group, code, quantity, amount."""


def round_to(value: Fraction, places: int, mode: str) -> Fraction:
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest
    if mode == "up":
        up = rest > 0
    elif mode == "down":
        up = False
    elif twice == scaled.denominator:
        up = mode == "half_up" or (mode == "half_even" and whole % 2 == 1)
    else:
        up = twice > scaled.denominator
    found = Fraction(whole + up, 10**places)
    return found if value >= 0 else -found


class Book:
    """Rows of one bill by one tariff."""

    def __init__(self, doc: Doc, said: Doc) -> None:
        self.doc, self.said = doc, said
        rounding = doc.get("rounding", {"mode": "half_up", "stage": "line"})
        self.mode, self.by_line = rounding["mode"], rounding["stage"] == "line"
        self.minor = ISO.get(doc["currency"], 2)
        self.places = rounding.get("places", self.minor)
        self.rows: list[Row] = []
        self.account = said.get("account", {})
        self.kwh = {name: Fraction(kwh) for name, kwh in said.get("kwh", {}).items()}
        self.slots = [(Fraction(slot["kwh"]), Fraction(slot["rate_minor"])) for slot in said.get("slots", [])]
        self.all_kwh = sum(self.kwh.values(), Fraction(0)) + sum((kwh for kwh, _ in self.slots), Fraction(0))
        self.power_factor: Fraction | None = None

    def round(self, value: Fraction) -> Fraction:
        return round_to(value, self.places, self.mode)

    def row(self, group: str, code: str, quantity: Fraction, amount: Fraction) -> None:
        if quantity != 0:
            self.rows.append((group, code, quantity, self.round(amount) if self.by_line else amount))

    def of(self, groups: list[str]) -> Fraction:
        return sum((amount for group, _, _, amount in self.rows if group in groups), Fraction(0))


def prices(doc: Doc) -> dict[str, Fraction]:
    energy = doc["energy"]
    if "prices" in energy:
        found = {name: Fraction(price) for name, price in energy["prices"].items()}
    else:
        found = {}
        for name, ratio in energy["ratios"].items():
            parts = [
                Fraction(part["price"]) * (Fraction(ratio) if part["floats"] else 1) for part in energy["components"]
            ]
            found[name] = sum(parts, Fraction(0))
            if "unit_price_places" in doc.get("rounding", {}):
                found[name] = round_to(found[name], doc["rounding"]["unit_price_places"], doc["rounding"]["mode"])
    order = [name for name in PERIODS if name in found] + sorted(set(found) - set(PERIODS))
    return {name: found[name] for name in order}


def limits(doc: Doc, said: Doc) -> tuple[list[Fraction], list[str] | None]:
    """The sums of kWh at which tiers end, and the adders if they are the same in all periods."""
    tiers = doc["tiers"]
    bounds, adders = tiers.get("bounds_per_month"), tiers.get("adders")
    for season in tiers.get("seasons", []):
        if said["month"] in season["months"]:
            bounds, adders = season["bounds"], season.get("adders", adders)
    found = [Fraction(bound) for bound in bounds]
    house = doc.get("household")
    if house and said.get("account", {}).get("persons", 0) >= house["min_persons"]:
        more = Fraction(house["extra_kwh_per_month"])
        if house["mode"] == "shift_all":
            found = [bound + more for bound in found]
        elif found:
            found[0] += more
    if tiers["cycle"] == "year":
        found = [bound * said.get("months_in_cycle", 12) for bound in found]
    for at in range(1, len(found)):
        found[at] = max(found[at], found[at - 1])
    return found, adders


def parts_of(total: Fraction, before: Fraction, bounds: list[Fraction]) -> list[Fraction]:
    """kWh in each tier: what is below each limit with this use, less what was below it without."""

    def below(kwh: Fraction) -> list[Fraction]:
        edges = [Fraction(0), *bounds]
        inside = [min(kwh, high) - min(kwh, low) for low, high in zip(edges, bounds, strict=False)]
        return [*inside, max(kwh - edges[-1], Fraction(0))]

    return [now - then for now, then in zip(below(before + total), below(before), strict=True)]


def energy(book: Book) -> None:
    doc, said = book.doc, book.said
    style, price = doc["energy"]["lines"], prices(doc)
    if style == "slots":
        cost = sum((kwh * rate for kwh, rate in book.slots), Fraction(0)) / 10**book.minor
        book.row("energy", "energy", book.all_kwh, cost)
        return
    if style == "period_plus_adders":
        for name, rate in price.items():
            used = book.kwh.get(name, Fraction(0))
            book.row("energy", "energy_" + name, used, used * rate)
    base = next((price[name] for name, kwh in book.kwh.items() if kwh), Fraction(0))
    if "tiers" not in doc:
        if style == "per_tier":
            book.row("energy", "energy", book.all_kwh, book.all_kwh * base)
        return
    bounds, adders = limits(doc, said)
    spread = parts_of(book.all_kwh, Fraction(said.get("kwh_before_in_cycle", "0")), bounds)
    for at, kwh in enumerate(spread):
        if style == "per_tier":
            book.row("energy", f"tier{at + 1}", kwh, kwh * (base + Fraction((adders or [])[at])))
        elif "adders_by_period" in doc["tiers"]:
            share_out(book, at, kwh, list(price))
        elif Fraction((adders or [])[at]) != 0:
            book.row("energy", f"tier{at + 1}_adder", kwh, kwh * Fraction((adders or [])[at]))


def share_out(book: Book, at: int, kwh: Fraction, names: list[str]) -> None:
    given, reached = Fraction(0), Fraction(0)
    for name in names:
        if book.all_kwh == 0:
            return
        reached += book.kwh.get(name, Fraction(0))
        upto = round_to(kwh * reached / book.all_kwh, 6, "half_up")
        adder = Fraction(book.doc["tiers"]["adders_by_period"][name][at])
        if adder != 0:
            book.row("energy", f"tier{at + 1}_adder_{name}", upto - given, (upto - given) * adder)
        given = upto


def demand(book: Book) -> None:
    doc, said, account = book.doc, book.said, book.account
    if "demand" in doc:
        rule = doc["demand"]
        price = Fraction(rule["price"])
        if rule["mode"] == "capacity":
            kva = Fraction(account["transformer_kva"])
            book.row("demand", "capacity", kva, kva * price)
        elif rule["mode"] == "actual":
            kw = Fraction(said["max_demand_kw"])
            book.row("demand", "demand", kw, kw * price)
        else:
            kw, billed = Fraction(said["max_demand_kw"]), Fraction(account["contract_kw"])
            if "floor_ratio" in rule:
                billed = max(billed, Fraction(rule["floor_ratio"]) * Fraction(account["transformer_kva"]))
            allowed = billed * Fraction(rule["over_ratio"])
            over = max(kw - allowed, Fraction(0))
            quantity = allowed if over else billed
            book.row("demand", "demand", quantity, quantity * price)
            book.row("demand", "demand_over", over, over * price * Fraction(rule["over_multiplier"]))
    for rule in doc.get("demand_charges", []):
        if said.get("month") not in rule.get("months", range(13)):
            continue
        kw = Fraction(said["max_demand_by_period"][rule["period"]] if "period" in rule else said["max_demand_kw"])
        bounds = [Fraction(bound) for bound in rule.get("bounds", [])]
        for at, inside in enumerate(parts_of(kw, Fraction(0), bounds)):
            code = f"{rule['code']}_tier{at + 1}" if bounds else rule["code"]
            book.row("demand", code, inside, inside * Fraction(rule["prices"][at]))


def adjust(book: Book) -> None:
    rule = book.doc.get("power_factor")
    active, reactive = book.all_kwh, Fraction(book.said.get("kvarh", "0"))
    square = active**2 + reactive**2
    if not rule or not square:
        return
    points = 0
    while points < 100 and (2 * points + 1) ** 2 * square <= 40000 * active**2:
        points += 1
    factor = Fraction(points, 100)
    book.power_factor = factor
    for segment in rule["segments"]:
        if Fraction(segment["lo"]) <= factor <= Fraction(segment["hi"]):
            away = (Fraction(segment["anchor"]) - factor) * 100
            rate = Fraction(segment["anchor_rate"]) + Fraction(segment["per_point"]) * away
            base = book.of(rule["base"])
            book.row("power_factor", "power_factor", base, base * rate)
            return


def of_part(book: Book, rule: Doc, whole: Fraction) -> Fraction:
    """What of a month's quantity is for the days of the bill."""
    if rule.get("part_month") != "by_days":
        return whole
    return round_to(whole * min(Fraction(1), Fraction(book.said["days"], book.said["days_in_month"])), 6, "half_up")


def often(book: Book, rule: Doc) -> Fraction:
    return Fraction(book.said["days"]) if rule.get("per") == "day" else of_part(book, rule, Fraction(1))


def fixed(book: Book) -> None:
    for rule in book.doc.get("fixed", []):
        book.row("fixed", rule["code"], often(book, rule), often(book, rule) * Fraction(rule["amount"]))


def bill(doc: Doc, said: Doc) -> tuple[list[Row], int, Fraction | None]:
    """Rows, total in minor units, and the power factor where there is one."""
    book = Book(doc, said)
    energy(book)
    for rule in doc.get("per_kwh", []):
        book.row("surcharges", rule["code"], book.all_kwh, book.all_kwh * Fraction(rule["rate"]))
    demand(book)
    adjust(book)
    fixed(book)
    if "export" in doc:
        out = Fraction(said.get("export_kwh", "0"))
        book.row("export", doc["export"].get("code", "export"), out, -out * Fraction(doc["export"]["price"]))
    flags = [*book.account.get("flags", []), *([book.account["flag"]] if "flag" in book.account else [])]
    for rule in doc.get("credits", []):
        if rule["flag"] in flags:
            free = min(of_part(book, rule, Fraction(rule["kwh"])), book.all_kwh)
            book.row("credits", rule["code"], free, -free * Fraction(rule["rate"]))
    if "minimum" in doc:
        rule = doc["minimum"]
        lack = Fraction(rule["amount"]) * often(book, rule) - book.of(NET)
        book.row("minimum", rule.get("code", "minimum"), Fraction(lack > 0), lack)
    total = book.round(book.of(NET))
    for rule in [*([doc["tax"]] if "tax" in doc else []), *doc.get("taxes", [])]:
        base = book.round(book.of(rule.get("base", NET)))
        amount = book.round(base * Fraction(rule["rate"]))
        if base:
            book.rows.append(("tax", rule.get("code", "tax"), base, amount))
        total += amount
    return book.rows, int(total * 10**book.minor), book.power_factor


def day_number(day: str) -> int:
    """Days since 1 January of year 1."""
    year, month, date = (int(part) for part in day.split("-"))
    past = year - 1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return past * 365 + past // 4 - past // 100 + past // 400 + sum(LENGTHS[: month - 1]) + (leap and month > 2) + date


def late_fee(doc: Doc, said: Doc) -> tuple[Fraction, int]:
    """The exact interest, and what is charged in minor units; counted day by day."""
    rule, arrears = doc["late_fee"], Fraction(said["arrears"])
    due, paid = day_number(said["due_date"]), day_number(said["paid_date"])
    new_year = day_number(f"{int(said['due_date'][:4]) + 1:04}-01-01")
    days = range(due + 1, paid + 1)
    later = sum(day >= new_year for day in days)
    before = sum(day < new_year for day in days)
    exact = arrears * Fraction(rule["rate"]) * before
    exact += arrears * Fraction(rule.get("rate_prev_year", rule["rate"])) * later
    book = Book(doc, {})
    charged = exact
    if "cap_ratio" in rule:
        charged = min(charged, arrears * Fraction(rule["cap_ratio"]))
    charged = book.round(charged)
    if paid > due and arrears and "minimum" in rule:
        charged = max(charged, book.round(Fraction(rule["minimum"])))
    return exact, int(charged * 10**book.minor)


def prepaid(doc: Doc, said: Doc) -> tuple[list[tuple[str, Fraction, Fraction]], list[tuple[str, Fraction]]]:
    """Days with cost and balance, and alerts."""
    minor = 10 ** ISO.get(doc["currency"], 2)
    balance, before = Fraction(said["opening_balance"]), 0
    thresholds = [Fraction(threshold) for threshold in said["alert_thresholds"]]
    quiet: list[Fraction] = []
    days, alerts = [], []
    for at in range(len(said["daily_kwh"])):
        day = said["daily_kwh"][at][0]
        if day in said.get("topups", {}):
            balance += Fraction(said["topups"][day])
            quiet = [threshold for threshold in quiet if balance < threshold]
        used: dict[str, Fraction] = {}
        for _, kwh in said["daily_kwh"][: at + 1]:
            for name, part in (kwh if isinstance(kwh, dict) else {"all": kwh}).items():
                used[name] = used.get(name, Fraction(0)) + Fraction(part)
        so_far = {**said, "kwh": used, "days": day_number(day) - day_number(said["daily_kwh"][0][0]) + 1}
        through = bill(doc, so_far)[1]
        cost = Fraction(through - before, minor)
        before, balance = through, balance - cost
        days.append((day, cost, balance))
        for threshold in thresholds:
            if balance < threshold and threshold not in quiet:
                alerts.append((day, threshold))
                quiet.append(threshold)
    return days, alerts


def period_at(doc: Doc, day: str, minute: int, facts: Doc) -> str:
    """The period of a quarter-hour by local wall clock."""
    weekday = (day_number(day) - 1) % 7
    kind = "workday" if weekday < 5 or facts.get("is_working_weekend") else "weekend"
    kind = "holiday" if facts.get("holidays") else kind
    found, best = doc["energy"].get("default_period"), -10000
    for window in doc["energy"].get("windows", []):
        hours = [int(window[end][:2]) * 60 + int(window[end][3:]) for end in ("from", "to")]
        hot = window.get("temperature")
        if (
            hours[0] <= minute < hours[1]
            and int(day[5:7]) in window.get("months", range(13))
            and kind in window.get("days", [kind])
            and ("holidays" not in window or set(window["holidays"]) & set(facts.get("holidays", [])))
            and (not hot or Fraction(facts.get("max_c", {}).get(hot["place"], "-999")) >= Fraction(hot["at_least_c"]))
            and window.get("priority", 0) > best
        ):
            found, best = window["period"], window.get("priority", 0)
    return str(found)
