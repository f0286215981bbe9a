"""The whole application in this process, and everybody's telephones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app import wiring
from app.main import create_app
from core.config import Settings
from core.db import Database
from tests.factories import identity
from tests.factories.identity import PHONE, Telephones
from web.runtime import Runtime

DEVICE_ID = "0123456789abcdef-device"


@pytest.fixture
def phones() -> Telephones:
    return Telephones()


@pytest.fixture
def runtime(settings: Settings, phones: Telephones) -> Iterator[Runtime]:
    made = wiring.build(settings)
    identity.use(phones)
    yield made
    made.db.close()


@pytest.fixture
def db(runtime: Runtime) -> Database:
    return runtime.db


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime)) as opened:
        yield opened


@dataclass(frozen=True)
class Pair:
    """What a person got for a code, or for a refresh token."""

    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


def otp(client: TestClient, phone: str = PHONE, device_id: str = DEVICE_ID) -> Any:
    """Ask for a code."""
    return client.post("/api/v1/auth/otp", json={"phone": phone, "device_id": device_id})


def redeem(client: TestClient, code: str, *, phone: str = PHONE, device_id: str = DEVICE_ID, **more: object) -> Any:
    """Bring a code."""
    body = {"grant_type": "otp", "phone": phone, "code": code, "device_id": device_id, **more}
    return client.post("/api/v1/auth/token", json=body)


def refresh(client: TestClient, token: str) -> Any:
    """Bring a refresh token."""
    return client.post("/api/v1/auth/token", json={"grant_type": "refresh", "refresh_token": token})


def pair_of(answer: Any) -> Pair:
    """The tokens of a good answer."""
    assert answer.status_code == 200, answer.text
    return Pair(answer.json()["access_token"], answer.json()["refresh_token"])


def told(answer: Any) -> tuple[int, str | None]:
    """Status and problem code."""
    return answer.status_code, answer.json().get("code")


SignIn = Callable[..., Pair]


@pytest.fixture
def sign_in(client: TestClient, phones: Telephones) -> SignIn:
    """Signs a telephone in, as an app does."""

    def made(phone: str = PHONE, device_id: str = DEVICE_ID, **more: object) -> Pair:
        assert otp(client, phone, device_id).status_code == 202
        return pair_of(redeem(client, phones.codes(phone)[-1], phone=phone, device_id=device_id, **more))

    return made
