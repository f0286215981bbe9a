"""Static files: kept for ever under names of their content, packed beforehand, vendored ones unchanged, colours readable."""

import gzip
import hashlib
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from portal import assets, colours
from portal.assets import Assets, router_of
from web.problems.common import NotFound

VENDOR = assets.FOLDER / "vendor"
ACCENT = "#0f6b4f"


@pytest.fixture(scope="module")
def files() -> Assets:
    return Assets(accent=ACCENT, logo=None)


@pytest.fixture(scope="module")
def client(files: Assets) -> TestClient:
    app = FastAPI()
    app.include_router(router_of(files))
    return TestClient(app)


def test_vendored_files_are_those_that_were_reviewed() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert there == listed


def test_every_vendored_package_carries_its_licence() -> None:
    assert all((package / "LICENSE").exists() for package in VENDOR.iterdir() if package.is_dir())


def test_a_name_changes_with_its_content_and_only_then(files: Assets, tmp_path: Path) -> None:
    other = Assets(accent="#1f4e8c", logo=None)
    assert Assets(accent=ACCENT, logo=None).url("app.css") == files.url("app.css")
    assert other.url("app.css") != files.url("app.css")
    assert other.url("live.js") == files.url("live.js")
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>", encoding="utf-8")
    assert Assets(accent=ACCENT, logo=logo).url("logo.svg").startswith("/static/logo.")


@pytest.mark.parametrize(
    "name", ["app.css", "portal.js", "live.js", "read.js", "mark.svg", "vendor/htmx-4.0.1/htmx.min.js"]
)
def test_files_are_kept_for_ever_and_come_packed_to_those_who_can_unpack(
    files: Assets, client: TestClient, name: str
) -> None:
    address = files.url(name)
    packed = client.get(address, headers={"accept-encoding": "gzip, br"})
    plain = client.get(address, headers={"accept-encoding": "identity"})
    refused = client.get(address, headers={"accept-encoding": "gzip;q=0"})
    for answer in (packed, plain, refused):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.content == plain.content
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers


def test_the_mark_and_the_stylesheet_carry_the_suppliers_accent(client: TestClient) -> None:
    files = Assets(accent="#1f4e8c", logo=None)
    for name in ("app.css", "mark.svg"):
        found = files.find(files.url(name).removeprefix("/static/"))
        assert found is not None
        assert b"#1f4e8c" in found.body
    with pytest.raises(NotFound):
        client.get(files.url("app.css"))


@given(st.integers(0, 0xFFFFFF))
def test_texts_are_readable_whatever_the_accent(number: int) -> None:
    made = dict(
        pair.split(":") for pair in colours.shades(f"#{number:06x}").partition("{")[2].partition("}")[0].split(";")
    )
    for ink, ground in (
        ("--accent-on", "--accent"),
        ("--glow-on", "--glow"),
        ("--accent-ink", "--accent-tint"),
        ("--glow-ink", "--glow-tint"),
    ):
        assert colours.contrast(made[ink], made[ground]) >= colours.READABLE, (ink, made)
    assert colours.contrast(made["--accent-ink"], colours.CARD["light"]) >= colours.READABLE
    assert colours.contrast(made["--glow-ink"], colours.CARD["dark"]) >= colours.READABLE
