"""Merchant accounts and signatures by unit: what settings refuse, and what the doctor finds."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app import wiring
from app.commands import doctor
from core import clock, config
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from services.payments import flows
from services.payments.ports import DEFAULT_MERCHANT, TradeState
from tests.factories import payments as make
from tests.factories.accounts import make_unit
from tests.support.processes import environment_of
from tests.support.sandbox import SandboxProcess

EAST: dict[str, Any] = {
    "name": "east",
    "mchid": "1700000001",
    "appid": "wx1a2b3c4d5e6f7a8b",
    "merchant_serial": "AB12",
    "merchant_private_key": "s3cret-key",
    "apiv3_key": "k" * 32,
    "public_key_id": "PUB_KEY_ID_01",
    "public_key": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n",
}


def settings_of(settings: Settings, **changes: object) -> Settings:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in changes.items()}
    return Settings.model_validate({**settings.model_dump(), **texts})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"wechat_pay_merchants": "not JSON"}, "WATTLINE_WECHAT_PAY_MERCHANTS"),
        ({"wechat_pay_merchants": [{**EAST, "name": "East Side"}]}, "0.name"),
        ({"wechat_pay_merchants": [{**EAST, "name": "default"}]}, "the plain settings are the default merchant"),
        ({"wechat_pay_merchants": [{**EAST, "apiv3_key": "k" * 31}]}, "exactly 32 characters"),
        ({"wechat_pay_merchants": [{**EAST, "public_key": ""}]}, "the same number of keys"),
        ({"wechat_pay_merchants": [{**EAST, "public_key": "", "public_key_id": ""}]}, "public_key or certificates"),
        ({"wechat_pay_merchants": [{**EAST, "colour": "red"}]}, "0.colour"),
        ({"wechat_pay_merchants": [EAST, {**EAST, "mchid": "1700000002"}]}, "a name of its own"),
        ({"wechat_pay_merchants": [EAST, {**EAST, "name": "west"}]}, "a mchid of its own"),
        ({"wechat_pay_units": {"3702": "east"}}, "unit 3702 chooses merchant 'east', which no setting describes"),
        ({"wechat_pay_units": {"37/02": "east"}}, "WATTLINE_WECHAT_PAY_UNITS"),
        ({"aliyun_sms_unit_signs": {"3702": ""}}, "WATTLINE_ALIYUN_SMS_UNIT_SIGNS"),
    ],
    ids=str,
)
def test_what_is_not_as_documented_is_refused_without_its_secrets(
    settings: Settings, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings_of(settings, **changes)
    [problem] = config.problems(refused.value)
    assert told in problem
    assert "s3cret" not in problem
    assert "kkkk" not in problem


def test_merchants_may_come_from_a_file_and_their_secrets_are_not_shown(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "merchants"
    file.write_text(json.dumps([EAST]) + "\n")
    monkeypatch.setenv("WATTLINE_WECHAT_PAY_MERCHANTS_FILE", str(file))
    made = Settings(**{name: value for name, value in settings.model_dump().items() if name != "wechat_pay_merchants"})
    assert [each.name for each in made.wechat_merchants] == ["east"]
    assert "s3cret" not in repr(made) + repr(made.wechat_merchants)


def test_one_merchant_needs_no_more_than_the_plain_settings(settings: Settings, town_sandbox: SandboxProcess) -> None:
    given = town_sandbox.credentials["wechat_pay"]
    plain = settings_of(
        settings,
        **{
            f"wechat_pay_{name}": given[name]
            for name in ("mchid", "appid", "merchant_serial", "merchant_private_key", "apiv3_key")
        },
        wechat_pay_public_key_id=given["public_key_id"],
        wechat_pay_public_key=given["public_key"],
    )
    [made] = wiring.providers(plain)
    assert (made.name, made.merchant, made.units) == ("wechat_pay", DEFAULT_MERCHANT, frozenset())
    both = settings_of(
        plain, wechat_pay_merchants=town_sandbox.credentials["wechat_pay_merchants"], wechat_pay_units={"3702": "east"}
    )
    assert [(each.merchant, sorted(each.units)) for each in wiring.providers(both)] == [
        (DEFAULT_MERCHANT, []),
        ("east", ["3702"]),
    ]
    with pytest.raises(ValidationError, match="names the merchant of WATTLINE_WECHAT_PAY_MCHID again"):
        settings_of(plain, wechat_pay_merchants=[{**EAST, "mchid": given["mchid"]}])


@pytest.fixture
def plain(town_sandbox: SandboxProcess) -> dict[str, str]:
    """The variables of the default merchant account."""
    given = town_sandbox.credentials["wechat_pay"]
    names = ("mchid", "appid", "merchant_serial", "merchant_private_key", "apiv3_key", "public_key_id", "public_key")
    return {f"WATTLINE_WECHAT_PAY_{name.upper()}": given[name] for name in names}


def found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *names: str
) -> list[tuple[str, str]]:
    """What a doctor says under these names."""
    with monkeypatch.context() as patch:
        for name, value in environment_of(settings, **variables).items():
            patch.setenv(name, value)
        return [(each.verdict, each.detail) for each in doctor.examine() if each.name in names]


def test_the_doctor_finds_choices_for_units_that_nobody_imported(
    database: Database, settings: Settings, plain: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        make_unit(session, code="37")
    chosen = {
        "WATTLINE_WECHAT_PAY_UNITS": '{"37": "default", "99": "default"}',
        "WATTLINE_ALIYUN_SMS_UNIT_SIGNS": '{"37": "W", "98": "W"}',
    }
    assert found(settings, monkeypatch, plain | chosen, "units") == [
        ("wrong", "WATTLINE_WECHAT_PAY_UNITS names unit 99, and there is none with this code"),
        ("wrong", "WATTLINE_ALIYUN_SMS_UNIT_SIGNS names unit 98, and there is none with this code"),
    ]


def test_the_doctor_finds_a_merchant_that_was_taken_away_too_early_and_tells_what_each_took_yesterday(
    database: Database,
    vault: Vault,
    settings: Settings,
    town_sandbox: SandboxProcess,
    plain: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, yesterday = town_sandbox.credentials, clock.now() - timedelta(days=1)
    east = make.provider("http://127.0.0.1:9", make.branch(given, units=frozenset({"3702"})))
    make.fill(make.provider("http://127.0.0.1:9", make.merchant(given["wechat_pay"])), east)
    with database.write() as session:
        make_unit(session, code="37")
        unit_id = make_unit(session, code="3702", parent="37")
    home = make.household(database, vault, unit_id=unit_id)
    paid, _, closed = (make.latest(database, make.order(database, vault, make.wanted(home, 600))) for _ in range(3))
    make.apply(database, make.paid(paid, paid_at=yesterday))
    make.apply(database, make.paid(closed, state=TradeState.CLOSED))
    flows.number_feed(database, is_over=lambda: False)
    make.close_clients()
    both = plain | {"WATTLINE_WECHAT_PAY_MERCHANTS": json.dumps(given["wechat_pay_merchants"])}
    assert found(settings, monkeypatch, both, "merchants") == [
        ("ok", "wechat_pay/east: 1 sums came yesterday, 6.00 CNY; 0.00 CNY were sent back")
    ]
    detail = "2 payments, 0 refunds and 0 sums in suspense need wechat_pay/east"
    assert found(settings, monkeypatch, plain, "merchants") == [
        ("wrong", f"{detail}, which no setting describes: put it back")
    ]
