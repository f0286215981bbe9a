"""Calls to the platform."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import structlog

from core.config_lists import WechatApp
from core.http import Answer, Client, OutcomeUnknown, Unreachable
from services.identity.ports import WechatAway, WechatDistrusts, WechatKind, WechatPerson, WechatPush
from services.identity.providers.wechat import answers, pushes
from services.identity.providers.wechat.tokens import AccessTokens, Fetched

log = structlog.get_logger(__name__)

TOTAL_S: Final = 6.0
"""A person is waiting, and has another way in."""

_STABLE: Final = "/cgi-bin/stable_token"
_JSON: Final = {"content-type": "application/json", "accept": "application/json"}


class WeChat:
    """Implements `ports.WechatPlatform`."""

    def __init__(self, http: Client, *, apps: Sequence[WechatApp], open_url: str, redis_url: str) -> None:
        self._http, self._open_url = http, open_url.rstrip("/")
        self._apps = {app.appid: app for app in apps}
        self._kinds = {app.appid: WechatKind(app.kind) for app in apps}
        self._tokens = AccessTokens(redis_url, self._fetch_token)

    @property
    def apps(self) -> Mapping[str, WechatKind]:
        """By their ids."""
        return self._kinds

    @property
    def official_account(self) -> str | None:
        """The first of them."""
        return next((appid for appid, kind in self._kinds.items() if kind is WechatKind.OFFICIAL_ACCOUNT), None)

    def exchange_code(self, *, appid: str, code: str) -> WechatPerson:
        """`jscode2session` or `oauth2/access_token`. The session key that comes along is not even read."""
        if self._kinds[appid] is WechatKind.MINI_PROGRAM:
            path, name = "/sns/jscode2session", "js_code"
        else:
            path, name = "/sns/oauth2/access_token", "code"
        secret = self._apps[appid].secret.get_secret_value()
        asked = {"appid": appid, "secret": secret, name: code, "grant_type": "authorization_code"}
        told = self._send("GET", f"{path}?{urlencode(asked)}")
        answers.check(told, operation=path)
        if told.get("is_snapshotuser") == 1:  # a stand-in that WeChat shows to pages before its person agrees
            raise WechatDistrusts
        unionid = told.get("unionid")
        return WechatPerson(appid, answers.text(told, "openid"), unionid if isinstance(unionid, str) else None)

    def fetch_phone(self, *, appid: str, code: str) -> str:
        """`getuserphonenumber`; a number that was given to another application is refused."""
        path = "/wxa/business/getuserphonenumber"
        told = self._with_token(appid, path, {"code": code})
        answers.check(told, operation=path)
        given = told.get("phone_info")
        mark = given.get("watermark") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(mark, dict) or mark.get("appid") != appid:
            log.error("wechat_answer_strange", operation=path)
            raise WechatAway
        return f"+{answers.text(given, 'countryCode')}{answers.text(given, 'purePhoneNumber')}"

    def authorize_url(self, *, appid: str, back: str, state: str) -> str:
        """`snsapi_base`: who it is, and nothing that a person would have to agree to."""
        asked = f"appid={appid}&redirect_uri={quote(back, safe='')}&response_type=code&scope=snsapi_base&state={state}"
        return f"{self._open_url}/connect/oauth2/authorize?{asked}#wechat_redirect"

    def confirm_address(self, query: Mapping[str, str], *, now: datetime) -> str:
        """See `pushes.confirm`."""
        return pushes.confirm(self._apps.values(), query, now=now)

    def read_push(self, query: Mapping[str, str], body: bytes, *, now: datetime) -> WechatPush:
        """See `pushes.read`."""
        return pushes.read(self._apps.values(), query, body, now=now)

    def write_reply(self, push: WechatPush, text: str, *, now: datetime) -> bytes:
        """See `pushes.reply`."""
        return pushes.reply(self._apps[push.appid], push, text, now=now)

    def secret_error(self, appid: str) -> int:
        """What the platform says to a secret of ours: 0 when it is right. Raises WechatAway when it says nothing."""
        return answers.errcode(self._ask_token(appid))

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()
        self._tokens.close()

    def _with_token(self, appid: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Call as an application. A token that is refused is fetched again once, and the call repeated once."""
        token = self._tokens.get(appid)
        told = self._post(path, token, body)
        if answers.errcode(told) in answers.STALE_TOKEN:
            self._tokens.drop(appid, token)
            told = self._post(path, self._tokens.get(appid), body)
        return told

    def _fetch_token(self, appid: str) -> Fetched:
        told = self._ask_token(appid)
        answers.check(told, operation=_STABLE)
        expires_in = told.get("expires_in")
        return Fetched(answers.text(told, "access_token"), expires_in if isinstance(expires_in, int) else 0)

    def _ask_token(self, appid: str) -> dict[str, Any]:
        secret = self._apps[appid].secret.get_secret_value()
        asked = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": False}
        return self._send("POST", _STABLE, json.dumps(asked).encode())

    def _post(self, path: str, token: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self._send("POST", f"{path}?{urlencode({'access_token': token})}", json.dumps(body).encode())

    def _send(self, method: str, target: str, body: bytes = b"") -> dict[str, Any]:
        try:
            answer: Answer = self._http.send(method, target, headers=_JSON, content=body)
        except (Unreachable, OutcomeUnknown) as error:
            raise WechatAway from error
        return answers.read(answer)
