"""The reader's language is chosen as RFC 9110 has it, and never fails."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.locale import negotiate

OFFERED = ("zh-CN", "en")
ANY_BYTES = st.binary(max_size=40) | st.binary(max_size=6).map(lambda weight: b"en;q=" + weight)


@pytest.mark.parametrize(
    ("wishes", "chosen"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.8,zh;q=0.1", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr,de;q=0.7", "zh-CN"),
        ("fr, en;q=0.1", "en"),
        ("en;q=0, zh", "zh-CN"),
        ("en;q=nonsense", "zh-CN"),
        ("en;q=\u00b2", "zh-CN"),
        ("en;q=1e999", "zh-CN"),
        ("en;q=0.\u0661", "zh-CN"),
        ("en;q=" + "9" * 190, "zh-CN"),
        ("," * 10_000, "zh-CN"),
        ("*", "zh-CN"),
    ],
)
def test_the_best_offered_language_wins(wishes: str, chosen: str) -> None:
    assert negotiate(wishes, OFFERED) == chosen


@given(ANY_BYTES)
@example(b"en;q=\xb2")
@example(b"en;q=\xb9")
def test_any_bytes_choose_a_language(wishes: bytes) -> None:
    assert negotiate(wishes.decode("latin-1"), OFFERED) in OFFERED
