"""One telephone has one number, however it is typed; limits and the refresh decision by table."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import rules
from services.identity.rules import Limit, Verdict
from tests.factories.identity import NOON, PHONE


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "013800138000",
        "138 0013 8000",
        "138-0013-8000",
        "138\u20130013\u20138000",
        "１３８００１３８０００",
        "＋８６　１３８　００１３　８０００",
        "+86 138\u00a00013\u00a08000",
        "(+86) 138.0013.8000".replace("(", "").replace(")", ""),
        "  13800138000  ",
        "+86(0)13800138000",
    ],
)
def test_every_way_to_type_a_number_gives_one_number(typed: str) -> None:
    assert rules.canonical_phone(typed, region="+86") == PHONE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "13800138000\n",
        "13800138000\r\n13900139000",
        "1380013\x008000",
        "\u200b13800138000",
        "138001380\u202e00",
        "\ud80013800138000",
        "12800138000",
        "1380013800",
        "138001380000",
        "95598",
        "+8695598",
        "+861380013800",
        "+86013800138000",
        "+8686 13800138000",
        "٠١٣٨٠٠١٣٨٠٠٠",
        "138oo138ooo",
        "+86+8613800138000",
        "13800138000,13900139000",
        "tel:13800138000",
        "+999",
        "+49 0151 2345678",
        "+" + "1" * 15,
        "1" * 1000,
    ],
)
def test_what_is_no_mobile_number_is_none(typed: str) -> None:
    assert rules.canonical_phone(typed, region="+86") is None


@pytest.mark.parametrize(
    ("typed", "region", "expected"),
    [
        ("0151 2345 6789", "+49", "+4915123456789"),
        ("+49 (0)151 2345 6789", "+86", "+4915123456789"),
        ("(415) 555-2671", "+1", "+14155552671"),
        ("1 415 555 2671", "+1", "+14155552671"),
        ("+852 5123 4567", "+86", "+85251234567"),
        ("06 12 34 56 78", "+33", "+33612345678"),
    ],
)
def test_other_countries_numbers_are_understood(typed: str, region: str, expected: str) -> None:
    assert rules.canonical_phone(typed, region=region) == expected


@given(st.text(max_size=45), st.sampled_from(["+86", "+49", "+1"]))
def test_any_text_is_a_canonical_number_or_none(typed: str, region: str) -> None:
    found = rules.canonical_phone(typed, region=region)
    assert found is None or (found[0] == "+" and found[1:].isascii() and found[1:].isdigit() and len(found) <= 16)
    assert found is None or rules.canonical_phone(found, region=region) == found


@pytest.mark.parametrize("typed", ["123456", "１２３４５６", "123 456", "123-456", " 123456 "])
def test_a_code_may_be_typed_with_spaces_and_in_full_width(typed: str) -> None:
    assert rules.canonical_code(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "٣٣٣٣٣٣", "123456\n", "1" * 10_000])
def test_what_is_not_six_digits_is_no_code(typed: str) -> None:
    assert rules.canonical_code(typed) is None


def test_a_code_is_bound_to_phone_purpose_device_and_challenge() -> None:
    facts: dict[str, Any] = {
        "challenge_id": UUID(int=1),
        "phone": PHONE,
        "purpose": "sign_in",
        "device": "a",
        "code": "123456",
    }
    others: list[dict[str, Any]] = [
        {"challenge_id": UUID(int=2)},
        {"phone": "+8613900139000"},
        {"purpose": "change_phone"},
        {"device": "b"},
        {"code": "123457"},
    ]
    digests = {rules.code_hash(b"k" * 32, **{**facts, **other}) for other in [{}, *others]}
    assert len(digests) == len(others) + 1


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_household_counts_as_one_address(address: str, group: str) -> None:
    assert rules.address_group(address) == group


@pytest.mark.parametrize(
    ("ages_min", "wait_s"),
    [([59, 1], 61), ([61, 1], 1), ([23 * 60, 22 * 60, 21 * 60], 3601), ([23 * 60, 22 * 60, 1], 3601)],
)
def test_the_wait_ends_when_one_more_code_fits(ages_min: list[int], wait_s: int) -> None:
    hits = [NOON - timedelta(minutes=age) for age in ages_min]
    assert rules.retry_after_s(hits, Limit(per_hour=2, per_day=3), now=NOON) == wait_s


@pytest.mark.parametrize(
    ("presented", "age_s", "verdict"),
    [
        (3, 0, Verdict.CURRENT),
        (3, 10**6, Verdict.CURRENT),
        (2, 0, Verdict.JUST_ROTATED),
        (2, 10, Verdict.JUST_ROTATED),
        (2, -1, Verdict.JUST_ROTATED),
        (2, 11, Verdict.REUSED),
        (1, 0, Verdict.REUSED),
    ],
)
def test_a_refresh_token_is_judged_by_generation_and_age(presented: int, age_s: int, verdict: Verdict) -> None:
    rotated_at = NOON - timedelta(seconds=age_s)
    assert rules.judge(presented=presented, current=3, rotated_at=rotated_at, now=NOON) is verdict


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1 MicroMessenger/8.0", "WeChat, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Firefox, Linux"),
        ("<script>alert(1)</script>", "Browser"),
        ("", "Browser"),
    ],
)
def test_a_browser_has_the_name_its_owner_would_give_it(user_agent: str, name: str) -> None:
    assert rules.browser_name(user_agent) == name


@pytest.mark.parametrize(
    ("typed", "kept"), [("  a\x00b\n\u202e ", "ab"), ("", "App"), ("\n", "App"), ("x" * 200, "x" * 80)]
)
def test_a_device_name_is_one_short_line(typed: str, kept: str) -> None:
    assert rules.device_name(typed) == kept
