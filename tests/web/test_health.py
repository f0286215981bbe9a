"""Who may read the metrics: decided by the peer's real address alone."""

import httpx
import pytest
from pydantic import ValidationError

from app.main import create_app
from core.config import Settings
from tests.support.town import Town
from web.runtime import Runtime

LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
STRANGERS = ["203.0.113.7", "testclient", "localhost", "", "10.1.2.3", "2001:db8::1", "::ffff:203.0.113.7"]


def asked_by(town: Town, address: str, *, peers: str = "", **headers: str) -> int:
    settings = Settings.model_validate({**town.settings.model_dump(), "metrics_peers": peers})
    runtime = Runtime(settings, town.runtime.db, town.runtime.vault, town.runtime.token_keys, town.runtime.cursors)
    transport = httpx.ASGITransport(create_app(runtime), client=(address, 50_000))

    async def ask() -> int:
        async with httpx.AsyncClient(transport=transport, base_url=town.settings.public_url) as client:
            return (await client.get("/metrics", headers=headers)).status_code

    portal = town.client.portal
    assert portal is not None
    return portal.call(ask)


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_reads_the_metrics(town: Town, address: str) -> None:
    assert asked_by(town, address) == 200


@pytest.mark.parametrize("address", STRANGERS)
def test_nobody_else_reads_them_whatever_it_is_called(town: Town, address: str) -> None:
    assert asked_by(town, address) == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_what_a_proxy_on_this_machine_passes_on_is_not_from_this_machine(town: Town, header: str) -> None:
    assert asked_by(town, "127.0.0.1", **{header: "203.0.113.7"}) == 404


@pytest.mark.parametrize(("address", "status"), [("10.1.2.3", 200), ("10.2.0.1", 404), ("2001:db8::9", 200)])
def test_networks_of_the_settings_read_them(town: Town, address: str, status: int) -> None:
    assert asked_by(town, address, peers="10.1.0.0/16, 2001:db8::/64") == status


def test_a_setting_that_names_no_network_refuses_to_start(town: Town) -> None:
    with pytest.raises(ValidationError, match="metrics_peers"):
        Settings.model_validate({**town.settings.model_dump(), "metrics_peers": "prometheus.local"})
