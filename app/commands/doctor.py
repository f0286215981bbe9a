"""`wattline doctor`: what keeps this deployment from running well, found before customers find it."""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol
from urllib.parse import urlsplit

import kombu
import psycopg
import redis
import sqlalchemy as sa
import typer
from cryptography import x509
from pydantic import ValidationError
from pydantic_settings import SettingsError

import migrations
from app import wiring
from app.commands import rotate_keys
from core import aside, clock, config, rotation
from core.config import PREFIX, Settings
from core.crypto.tokens import TokenKeys
from core.db import Database, ReadSession, server
from core.periods import business_date, start_of
from services.accounts import queries as accounts
from services.identity.ports import WechatAway
from services.payments import queries as payments
from services.payments.ports import PaymentProvider, source_of
from services.payments.queries import merchants
from services.tariffs import queries as tariffs
from web import health

WRONG: Final = 1
LEAST_POSTGRES: Final = 18
SKEW: Final = timedelta(seconds=2)
LATE_S: Final = 900.0
UNCHECKED_S: Final = 3 * 3_600.0
DAY_S: Final = 86_400.0
UNDECIDED_S: Final = 3 * DAY_S
"""A weekend may pass before somebody decides where money belongs."""
EXPIRES_SOON: Final = timedelta(days=30)
ANSWER_S: Final = 5.0
COUNT_S: Final = 60.0
MOST_CODES: Final = 20
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", None})
MOUNTED: Final = Path("/run/secrets")
"""Where a container finds the secrets it is given: it has no other users, and its files keep the modes of the host."""

OTHERS: Final = frozenset({"PORT", "SANDBOX_PORT", "PROFILE", "FAULT", "TESTS", "TEST_SERVERS"})
"""Variables of `make run` and of tests, which are no settings."""

Verdict = Literal["ok", "warning", "wrong"]


class WechatSecrets(Protocol):
    """What is asked of WeChat here."""

    def secret_error(self, appid: str) -> int:
        """What it says to an application's secret: 0 when it is right."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    detail: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:  # noqa: FBT002 -- an option
    """Look at settings, keys, database, Redis, clocks and queues. Exit code 1 when something is wrong."""
    found = list(examine())
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(each) for each in found]}, ensure_ascii=False))
    else:
        for each in found:
            typer.echo(f"{each.verdict:<8} {each.name:<16} {each.detail}")
    if any(each.verdict == "wrong" for each in found):
        raise typer.Exit(WRONG)


def examine() -> Iterator[Finding]:
    """Every finding; what cannot be looked at because something before it is wrong is left out."""
    try:
        settings = config.load()
    except (ValidationError, SettingsError) as error:
        yield from (Finding("settings", "wrong", problem) for problem in config.problems(error))
        return
    yield from _settings(settings)
    made: list[PaymentProvider] = []
    yield from _keys(settings, made)
    yield from _wechat(settings)
    yield from _redis(settings)
    db = Database(settings.database_url.get_secret_value(), deadline_s=ANSWER_S)
    try:
        with db.read() as session:
            yield from _database(session, settings, providers=made, now=clock.now())
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        yield Finding("database", "wrong", _first_line(error))
    finally:
        db.close()
    yield from _data_keys(settings)


def _data_keys(settings: Settings) -> Iterator[Finding]:
    """Which data keys are still named, hence needed. Counting reads every sealed table whole."""
    url = settings.database_url.get_secret_value()
    db = Database(url, pool_size=1, deadline_s=COUNT_S, statement_timeout_s=COUNT_S)
    try:
        with db.read() as session:
            named = rotate_keys.by_key(rotation.count_by_key(session))
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        detail = f"not counted within {COUNT_S:.0f} s: `wattline rotate-keys` tells which are needed"
        yield Finding("data keys", "warning", f"{detail} ({_first_line(error)})")
        return
    finally:
        db.close()
    ring = tuple(settings.data_key_ring)
    yield Finding("data keys", "ok", f"{ring[0]} seals; {named.get(ring[0], 0)} rows name it")
    for key_id in ring[1:]:
        if rows := named.get(key_id, 0):
            yield Finding("data keys", "warning", f"{rows} rows still name {key_id}: `wattline rotate-keys`")
        else:
            yield Finding("data keys", "ok", f"no row names {key_id}: it may be taken out of the ring")
    for key_id in sorted(named.keys() - set(ring)):
        yield Finding("data keys", "wrong", f"{named[key_id]} rows name {key_id or 'no key'}, which is not in the ring")


def _settings(settings: Settings) -> Iterator[Finding]:
    given = {name for name in os.environ if name.startswith(PREFIX)}
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    files = {name + "_FILE" for name in known}
    unknown = given - known - files - {PREFIX + name for name in OTHERS}
    if unknown:
        yield Finding("settings", "warning", f"no such setting: {', '.join(sorted(unknown))}")
    for name in sorted(given & files):
        if _is_open(Path(os.environ[name])):
            yield Finding("settings", "warning", f"everybody on this machine can read the file of {name}")
    if settings.environment != "production" and urlsplit(settings.public_url).hostname not in LOOPBACK:
        yield Finding("settings", "warning", f"{settings.public_url} is served with the leniency of development")
    yield Finding("settings", "ok", settings.environment)


def _is_open(file: Path) -> bool:
    """Whether everybody on this machine can read it: the file itself, and every folder on the way to it."""
    found = file.resolve()
    if found.is_relative_to(MOUNTED):
        return False
    is_reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in found.parents)
    return is_reachable and bool(found.stat().st_mode & stat.S_IROTH)


def _keys(settings: Settings, providers: list[PaymentProvider]) -> Iterator[Finding]:
    """Look at every key; the providers that could be made are added to `providers`."""

    def make_providers() -> bool:
        providers.extend(wiring.providers(settings))
        return bool(providers)

    parts: dict[str, Callable[[], object]] = {
        "token keys": lambda: TokenKeys(settings.token_keys.get_secret_value(), issuer="doctor", audience="doctor"),
        "payment keys": make_providers,
        "message keys": lambda: wiring.sms_channel(settings),
    }
    for name, make in parts.items():
        try:
            made = make()
        except Exception as error:  # noqa: BLE001 -- whatever a parser raises, the key is of no use
            yield Finding(name, "wrong", _first_line(error))
        else:
            yield Finding(name, "ok", "can be used" if made else "none set: switched off")
    now = clock.now()
    try:
        certificates = x509.load_pem_x509_certificates("".join(_certificates_of(settings)).encode() or b"-")
    except ValueError:
        certificates = []
    for each in certificates:
        yield _holds("payment keys", f"platform certificate {each.serial_number:X}", each.not_valid_after_utc, now)


def _certificates_of(settings: Settings) -> list[str]:
    """PEM of each certificate that a setting names, of whichever merchant account."""
    further = [pem for each in settings.wechat_merchants for pem in each.certificate_list]
    return [*settings.wechat_pay_certificate_list, *further]


def _wechat(settings: Settings) -> Iterator[Finding]:
    """Ask WeChat for a token of each application, which changes nothing there, to see whose secret is right."""
    if not settings.wechat_app_list:
        yield Finding("wechat", "ok", "no application set: switched off")
        return
    platform = wiring.wechat(settings)
    try:
        for app in settings.wechat_app_list:
            yield _secret(platform, app.appid)
            if not app.tokens:
                yield Finding("wechat", "warning", f"{app.appid} has no token: what people write there is not taken")
            elif not app.aes_keys:
                yield Finding("wechat", "warning", f"{app.appid} has no aes_key: whoever sees an address may forge")
    finally:
        platform.close()


def _secret(platform: WechatSecrets, appid: str) -> Finding:
    try:
        errcode = platform.secret_error(appid)
    except WechatAway:
        return Finding("wechat", "warning", f"{appid}: WeChat does not answer")
    if errcode:
        return Finding("wechat", "wrong", f"{appid}: WeChat answers {errcode}; see secret and allowed addresses")
    return Finding("wechat", "ok", f"{appid} has the right secret")


def _holds(name: str, what: str, until: datetime, now: datetime) -> Finding:
    verdict: Verdict = "wrong" if until <= now else "warning" if until <= now + EXPIRES_SOON else "ok"
    return Finding(name, verdict, f"{what} holds until {until.date()}")


def _redis(settings: Settings) -> Iterator[Finding]:
    address = settings.redis_url.get_secret_value()
    client = redis.Redis.from_url(address, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
    try:
        client.ping()
        yield Finding("redis", "ok", "answers")
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        if policy != "noeviction":
            yield Finding("redis", "warning", f"maxmemory-policy is {policy}: set noeviction, or hints are thrown away")
    except redis.exceptions.ResponseError:
        yield Finding("redis", "warning", "does not tell its maxmemory-policy: see that it is noeviction")
    except (redis.exceptions.RedisError, OSError) as error:
        yield Finding("redis", "wrong", _first_line(error))
    finally:
        client.close()
    if settings.broker_url is not None:
        try:
            with kombu.Connection(settings.broker_url.get_secret_value(), connect_timeout=ANSWER_S) as broker:
                broker.ensure_connection(max_retries=1, timeout=ANSWER_S)
            yield Finding("broker", "ok", "answers")
        except Exception as error:  # noqa: BLE001 -- each transport has errors of its own
            yield Finding("broker", "wrong", _first_line(error))


def _database(
    session: ReadSession, settings: Settings, *, providers: Sequence[PaymentProvider], now: datetime
) -> Iterator[Finding]:
    about = server(session)
    verdict: Verdict = "ok" if about.version >= LEAST_POSTGRES else "wrong"
    yield Finding("database", verdict, f"PostgreSQL {about.version}" + (" (a standby)" if about.is_standby else ""))
    if about.is_superuser or about.may_create:
        yield Finding("database role", "wrong", f"{about.role} may do more than serve: use wattline_app")
    else:
        yield Finding("database role", "ok", f"{about.role} has only the rights it needs")
    skew = abs(about.now - now)
    yield Finding("clock", "ok" if skew <= SKEW else "wrong", f"{skew.total_seconds():.1f} s apart from the database")
    try:
        schema = session.sql(health.READY).scalar_one()
    except sa.exc.DBAPIError:
        yield Finding("schema", "wrong", "there is none, or it may not be read: run `wattline migrate`")
        return
    if schema.endswith("+"):
        yield Finding("schema", "wrong", "was left before its end: run `wattline migrate` again")
        return
    if schema < migrations.head():
        yield Finding("schema", "wrong", f"is {schema}, this code needs {migrations.head()}: run `wattline migrate`")
        return
    yield Finding("schema", "ok", schema)
    yield from _work(session)
    sources = [source_of(each.name, each.merchant) for each in providers]
    for source in sources:
        for key in payments.provider_keys(session, name=source, now=now):
            yield _holds("payment keys", f"certificate {key.serial} of {source}", key.valid_to, now)
    yield from _units(session, settings)
    yield from _merchants(session, settings, sources=sources, now=now)
    for code, agreements in tariffs.unknown_codes(session, limit=MOST_CODES):
        told = f"{agreements} agreements name {code}, and there is no tariff with this code: they cannot be priced"
        yield Finding("tariffs", "warning", told)
    for code, day in tariffs.gaps(session, limit=MOST_CODES):
        told = f"no version of {code} is published from {day} on, and agreements name it: publish what follows"
        yield Finding("tariffs", "warning", told)
    today = business_date(now, settings.zone)
    tomorrow = start_of(today + timedelta(days=1), settings.zone)
    for code, moment in tariffs.slots_missing(session, on=today, begin=now, end=tomorrow):
        told = (
            f"{code} prices each interval, and none is known from {moment.astimezone(settings.zone):%Y-%m-%dT%H:%M} on"
        )
        yield Finding("tariffs", "warning", f"{told}: `wattline import slot-prices`")


def _units(session: ReadSession, settings: Settings) -> Iterator[Finding]:
    """Settings that choose something for a unit that nobody imported choose it for nobody."""
    chosen = {
        "WECHAT_PAY_UNITS": settings.wechat_merchants_by_unit,
        "ALIYUN_SMS_UNIT_SIGNS": settings.sms_signs_by_unit,
    }
    for name, by_unit in chosen.items():
        for code in accounts.unknown_units(session, codes=by_unit):
            yield Finding("units", "wrong", f"{PREFIX}{name} names unit {code}, and there is none with this code")


def _merchants(session: ReadSession, settings: Settings, *, sources: Sequence[str], now: datetime) -> Iterator[Finding]:
    """What each merchant account took yesterday, where there are several, and which one was taken away too early."""
    for each in merchants.work(session):
        if sources and each.source not in sources:
            detail = f"{each.payments} payments, {each.refunds} refunds and {each.waiting} sums in suspense need"
            yield Finding("merchants", "wrong", f"{detail} {each.source}, which no setting describes: put it back")
    official = next((app.appid for app in settings.wechat_app_list if app.kind == "official_account"), None)
    for merchant in settings.wechat_merchants:
        if official is not None and official not in {merchant.appid, *merchant.appids}:
            detail = f"{merchant.name}: {official} is not among its appids, so its accounts are not paid inside WeChat"
            yield Finding("merchants", "warning", detail)
    if len(sources) > 1:
        today = business_date(now, settings.zone)
        yesterday = start_of(today - timedelta(days=1), settings.zone)
        sums = merchants.sums(session, begin=yesterday, end=start_of(today, settings.zone))
        for found in sums:
            source = source_of(found.provider, found.merchant)
            detail = f"{source}: {found.facts} sums came yesterday, {found.came}; {found.back} were sent back"
            yield Finding("merchants", "ok", detail)


def _work(session: ReadSession) -> Iterator[Finding]:
    told = session.sql(health.QUEUES, most=health.COUNTED).scalar_one()
    for name, queue in told["queues"].items():
        oldest_s = queue["oldest_s"] or 0.0
        detail = f"{queue['pending']} wait, the oldest for {oldest_s:.0f} s"
        yield Finding(f"queue {name}", "ok" if oldest_s <= LATE_S else "wrong", detail)
    yield from _set_aside(session)
    yield _suspense(told["suspense"]["open"], told["suspense"]["oldest_s"])
    yield _refunds(told["refunds"])
    yield _stopped(told["stopped_webhooks"])
    for name, check in told["checks"].items():
        if check["violations"]:
            detail = f"{check['violations']} breaches: `wattline check-invariants` names them"
            yield Finding(f"check {name}", "wrong", detail)
        elif check["age_s"] is None or check["age_s"] > UNCHECKED_S:
            yield Finding(f"check {name}", "warning", "no whole round within three hours: does the worker run?")
        else:
            yield Finding(f"check {name}", "ok", "no breach in the last round")


def _set_aside(session: ReadSession) -> Iterator[Finding]:
    """What fails again and again by itself, while all else goes on."""
    found = aside.failing(session, limit=MOST_CODES)
    numbers = accounts.account_numbers(session, account_ids=[each.owner for each in found])
    for each in found:
        of = " ".join(filter(None, ("account", numbers.get(each.owner, str(each.owner)), each.part)))
        yield Finding("set aside", "warning", f"{each.work} failed {each.failures} times at {of}: {each.reason}")


def _suspense(count: int, oldest_s: float) -> Finding:
    if count == 0:
        return Finding("suspense", "ok", "all money that came has its place")
    verdict: Verdict = "warning" if oldest_s <= UNDECIDED_S else "wrong"
    waited = f"the oldest for {oldest_s / DAY_S:.0f} days: finance does, in the console under Suspense"
    return Finding(
        "suspense",
        verdict,
        f"{count} sums of money wait for a person to say whose they are, {waited}",
    )


def _refunds(told: Mapping[str, Any]) -> Finding:
    if told["open"] == 0:
        return Finding("refunds", "ok", "everything that was to go back has gone, or waits in suspense")
    if told["contested"]:
        detail = f"{told['contested']} went out twice: finance decides who bears them, in the console under Suspense"
        return Finding("refunds", "wrong", detail)
    if told["abnormal"]:
        detail = f"{told['abnormal']} are stuck with their payers: see to them in the provider's merchant console"
        return Finding("refunds", "wrong", detail)
    verdict: Verdict = "ok" if told["oldest_s"] <= DAY_S else "wrong"
    return Finding("refunds", verdict, f"{told['open']} under way, the oldest for {told['oldest_s'] / DAY_S:.1f} days")


def _stopped(endpoints: int) -> Finding:
    if endpoints == 0:
        return Finding("webhooks", "ok", "no endpoint has stopped by itself")
    detail = f"{endpoints} endpoints said that they are gone, or did not answer for three days, and are told nothing"
    return Finding("webhooks", "warning", f"{detail}: the console says which, under Webhooks")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().partition("\n")[0] or type(error).__name__
