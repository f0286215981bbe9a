"""The supplier's applications at WeChat: what settings refuse, and what the doctor finds."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from app.commands import doctor
from app.commands.doctor import Finding
from core import config
from core.config import Settings
from tests.support.sandbox import SandboxProcess
from tests.support.wechat import joined

APP = {"appid": "wx1a2b3c4d5e6f7a8b", "kind": "mini_program", "secret": "s3cret", "token": "t0ken", "aes_key": "a" * 43}


def told(settings: Settings, value: object) -> str:
    """What is said of a setting that is refused."""
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({**settings.model_dump(), "wechat_apps": text})
    [problem] = config.problems(refused.value)
    return problem


def with_(**changes: object) -> list[dict[str, Any]]:
    return [{**APP, **changes}]


@pytest.mark.parametrize(
    "value",
    [
        "not JSON",
        "{}",
        "[1]",
        with_(kind="web"),
        with_(appid="'; --"),
        with_(secret=""),
        with_(colour="red"),
        with_(aes_key="a" * 42),
        with_(aes_key="a" * 42 + "="),
        with_(aes_key=f"{'a' * 43},b"),
        with_(token=""),
        [APP, {**APP, "token": "another"}],
        [APP, {**APP, "appid": "wx0000000000000000"}],
        [APP, {**APP, "appid": "wx0000000000000000", "token": "another,t0ken"}],
        [{name: value for name, value in APP.items() if name != "secret"}],
    ],
    ids=str,
)
def test_settings_that_are_not_as_documented_are_refused_without_their_secrets(
    settings: Settings, value: object
) -> None:
    problem = told(settings, value)
    assert "WATTLINE_WECHAT_APPS" in problem
    assert not [secret for secret in ("s3cret", "t0ken", "aaaa") if secret in problem]


def test_applications_may_come_from_a_file_and_are_not_shown(
    settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "apps"
    file.write_text(json.dumps([APP]) + "\n")
    monkeypatch.setenv("WATTLINE_WECHAT_APPS_FILE", str(file))
    made = Settings(**{name: value for name, value in settings.model_dump().items() if name != "wechat_apps"})
    assert [app.appid for app in made.wechat_app_list] == [APP["appid"]]
    assert "s3cret" not in repr(made)
    assert "s3cret" not in repr(made.wechat_app_list)


def test_in_production_wechat_is_called_by_https_alone(settings: Settings) -> None:
    given = {**settings.model_dump(), "environment": "production", "public_url": "https://example.org"}
    for name in ("wechat_base_url", "wechat_open_url"):
        with pytest.raises(ValidationError, match=name.upper()):
            Settings.model_validate({**given, name: "http://api.weixin.qq.com"})


def found(settings: Settings) -> list[Finding]:
    return [each for each in doctor._wechat(settings) if each.name == "wechat"]


def test_the_doctor_asks_wechat_whether_the_secrets_are_right(settings: Settings, town_sandbox: SandboxProcess) -> None:
    town_sandbox.clear_faults()
    assert [(each.verdict, each.detail) for each in found(settings)] == [("ok", "no application set: switched off")]
    good = joined(settings, town_sandbox)
    account, mini = (town_sandbox.official_account["appid"], town_sandbox.mini_program["appid"])
    assert [(each.verdict, each.detail.partition(" ")[0].rstrip(":")) for each in found(good)] == [
        ("ok", account),
        ("ok", mini),
        ("warning", mini),  # its messages are not encrypted
    ]
    apps = json.loads(good.wechat_apps.get_secret_value())
    apps[0]["secret"] = "0" * 32
    apps[1]["token"] = ""
    bad = Settings.model_validate({**good.model_dump(), "wechat_apps": json.dumps(apps)})
    assert [(each.verdict, "40125" in each.detail, "no token" in each.detail) for each in found(bad)] == [
        ("wrong", True, False),
        ("ok", False, False),
        ("warning", False, True),
    ]
    town_sandbox.fault("wechat.stable_token", "drop_before", count=1)
    assert next((each.verdict, "does not answer" in each.detail) for each in found(good)) == ("warning", True)
