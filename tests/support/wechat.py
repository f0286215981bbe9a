"""Our own side of WeChat, over the sandbox."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from app import wiring
from core.config import Settings
from core.config_lists import WechatApp
from core.http import Client
from services.identity.providers.wechat.client import WeChat
from tests.support.sandbox import SandboxProcess


@contextmanager
def platform(sandbox: SandboxProcess, redis_url: str, *, total_s: float = 3.0) -> Iterator[WeChat]:
    """The adapter for the sandbox's applications, more impatient than in production."""
    apps = [WechatApp.model_validate(app) for app in sandbox.credentials["wechat"]["apps"]]
    client = Client(sandbox.base_url, name="wechat", total_s=total_s)
    made = WeChat(client, apps=apps, open_url=sandbox.base_url, redis_url=redis_url)
    try:
        yield made
    finally:
        made.close()


def joined(settings: Settings, sandbox: SandboxProcess) -> Settings:
    """Settings that name the sandbox's applications."""
    changes = {
        "wechat_apps": json.dumps(sandbox.credentials["wechat"]["apps"]),
        "wechat_base_url": sandbox.base_url,
        "wechat_open_url": sandbox.base_url,
    }
    return Settings.model_validate({**settings.model_dump(), **changes})


def applications(settings: Settings) -> tuple[str, ...]:
    """The applications that a deployment of these settings has."""
    made = wiring.wechat(settings)
    try:
        return tuple(made.apps)
    finally:
        made.close()
