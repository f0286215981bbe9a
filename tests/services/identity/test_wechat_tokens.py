"""Access tokens: one fetch for all, one more for a token that is refused, and no more than that."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from redis import Redis

from app.embedded import free_port
from services.identity.ports import WechatAway
from services.identity.providers.wechat import tokens
from services.identity.providers.wechat.client import WeChat
from tests.support.sandbox import SandboxProcess
from tests.support.wechat import platform

PROCESSES = 3
THREADS = 8


@pytest.fixture
def sandbox(town_sandbox: SandboxProcess, redis_url: str) -> SandboxProcess:
    """The platform, and a cache that knows none of its tokens."""
    town_sandbox.clear_faults()
    with contextlib.closing(Redis.from_url(redis_url)) as client:
        client.delete(tokens._key(town_sandbox.mini_program["appid"]))
    return town_sandbox


@pytest.fixture
def wechat(sandbox: SandboxProcess, redis_url: str) -> Iterator[WeChat]:
    with platform(sandbox, redis_url) as made:
        yield made


def phone_of(wechat: WeChat, sandbox: SandboxProcess) -> str:
    """A call that needs a token."""
    person, appid = sandbox.wechat_person(f"+86139{uuid4().int % 10**8:08d}"), sandbox.mini_program["appid"]
    return wechat.fetch_phone(appid=appid, code=sandbox.wechat_code("phone", appid, person))


def test_many_threads_of_many_processes_fetch_one_token(sandbox: SandboxProcess, redis_url: str) -> None:
    appid = sandbox.mini_program["appid"]
    before = len(sandbox.wechat_calls("stable_token"))
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(platform(sandbox, redis_url)) for _ in range(PROCESSES)]
        with ThreadPoolExecutor(PROCESSES * THREADS) as pool:
            asked = [pool.submit(each._tokens.get, appid) for each in made for _ in range(THREADS)]
            given = {each.result() for each in asked}
    assert len(given) == 1
    assert sandbox.wechat_calls("stable_token")[before:] == [0]


def test_a_token_is_kept_until_shortly_before_its_end(wechat: WeChat, sandbox: SandboxProcess, redis_url: str) -> None:
    phone_of(wechat, sandbox)
    with contextlib.closing(Redis.from_url(redis_url)) as client:
        left = client.ttl(tokens._key(sandbox.mini_program["appid"]))
    assert 0 < left <= 7200 - 300


@pytest.mark.parametrize("ended", ["revoke", "expire"])
def test_a_token_that_is_refused_is_fetched_once_and_the_call_repeated_once(
    wechat: WeChat, sandbox: SandboxProcess, ended: str
) -> None:
    phone_of(wechat, sandbox)
    sandbox.wechat(f"tokens/{ended}", appid=sandbox.mini_program["appid"])
    calls, fetches = (len(sandbox.wechat_calls(name)) for name in ("getuserphonenumber", "stable_token"))
    assert phone_of(wechat, sandbox)
    code = 40001 if ended == "revoke" else 42001
    assert sandbox.wechat_calls("getuserphonenumber")[calls:] == [code, 0]
    assert sandbox.wechat_calls("stable_token")[fetches:] == [0]


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_platform_that_refuses_every_token_is_asked_twice_and_no_more(
    wechat: WeChat, sandbox: SandboxProcess, errcode: int
) -> None:
    phone_of(wechat, sandbox)
    sandbox.fault("wechat.getuserphonenumber", "errcode", value=errcode)
    calls, fetches = (len(sandbox.wechat_calls(name)) for name in ("getuserphonenumber", "stable_token"))
    with pytest.raises(WechatAway):
        phone_of(wechat, sandbox)
    assert sandbox.wechat_calls("getuserphonenumber")[calls:] == [errcode] * 2
    assert sandbox.wechat_calls("stable_token")[fetches:] == [0]


def test_a_token_that_another_process_has_renewed_is_not_thrown_away(wechat: WeChat, sandbox: SandboxProcess) -> None:
    appid = sandbox.mini_program["appid"]
    kept = wechat._tokens.get(appid)
    fetches = len(sandbox.wechat_calls("stable_token"))
    wechat._tokens.drop(appid, "the one before")
    assert wechat._tokens.get(appid) == kept
    assert sandbox.wechat_calls("stable_token")[fetches:] == []


def test_without_redis_everything_goes_on_more_slowly(sandbox: SandboxProcess) -> None:
    with platform(sandbox, f"redis://127.0.0.1:{free_port()}/0") as wechat:
        fetches = len(sandbox.wechat_calls("stable_token"))
        assert [phone_of(wechat, sandbox) for _ in range(3)]
        assert sandbox.wechat_calls("stable_token")[fetches:] == [0, 0, 0]


def test_a_process_that_died_while_it_fetched_keeps_nobody_waiting_for_ever(
    wechat: WeChat, sandbox: SandboxProcess, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LOCK_S", 0.3)
    appid = sandbox.mini_program["appid"]
    with contextlib.closing(Redis.from_url(redis_url)) as client:
        client.set(f"{tokens._key(appid)}:lock", "of a dead process", px=600_000)
        try:
            assert wechat._tokens.get(appid)
        finally:
            client.delete(f"{tokens._key(appid)}:lock")
