"""Access tokens of the supplier's applications: kept in Redis for all processes, fetched by one of them at a time.

The platform's stable token is the same for whoever asks, so that losing Redis costs calls and nothing else. It is never
refreshed by force, which would end the token that another process is just calling with.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.lock import Lock
from redis.retry import Retry

log = structlog.get_logger(__name__)

SPARE_S: Final = 300
"""The platform renews a token five minutes before its end; until then nobody need ask."""

LOCK_S: Final = 10.0
"""How long one fetch may keep others waiting: longer than the call's own deadline."""

POLL_S: Final = 0.05
REDIS_S: Final = 1.0
_DROP: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A token as the platform gave it."""

    token: str = field(repr=False)
    expires_in_s: int


class AccessTokens:
    """Safe to share between threads. `fetch` asks the platform; what it raises rises."""

    def __init__(self, redis_url: str, fetch: Callable[[str], Fetched]) -> None:
        self._redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_timeout=REDIS_S,
            socket_connect_timeout=REDIS_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._fetch = fetch
        self._here: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, appid: str) -> str:
        """The living token of an application; without Redis a fresh look at the platform's."""
        try:
            known = self._kept(appid)
            if known is not None:
                return known
            with self._here[appid]:  # one of this process waits for the other processes, not all its threads
                return self._kept(appid) or self._fetch_alone(appid)
        except RedisError as error:
            log.warning("token_cache_away", error=type(error).__name__)
        with self._here[appid]:
            return self._fetch(appid).token

    def drop(self, appid: str, token: str) -> None:
        """Forget a token that the platform refused, unless another was kept meanwhile."""
        with suppress(RedisError):
            self._redis.eval(_DROP, 1, _key(appid), token)

    def close(self) -> None:
        """Close idle connections."""
        self._redis.close()

    def _kept(self, appid: str) -> str | None:
        known = self._redis.get(_key(appid))
        return known if isinstance(known, str) else None

    def _fetch_alone(self, appid: str) -> str:
        lock = Lock(self._redis, f"{_key(appid)}:lock", timeout=LOCK_S, blocking_timeout=LOCK_S, sleep=POLL_S)
        is_ours = lock.acquire()
        try:
            known = self._kept(appid)
            return known if known is not None else self._fetch_and_keep(appid)
        finally:
            if is_ours:
                with suppress(RedisError):  # it ran out: another has it
                    lock.release()

    def _fetch_and_keep(self, appid: str) -> str:
        fetched = self._fetch(appid)
        with suppress(RedisError):
            self._redis.set(_key(appid), fetched.token, ex=max(1, fetched.expires_in_s - SPARE_S))
        return fetched.token


def _key(appid: str) -> str:
    return f"wattline:wechat:{appid}:token"
