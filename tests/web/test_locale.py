"""The reader's language is chosen as RFC 9110 has it, and never fails."""

import pytest

from web.locale import negotiate


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
        ("," * 10_000, "zh-CN"),
        ("*", "zh-CN"),
    ],
)
def test_the_best_offered_language_wins(wishes: str, chosen: str) -> None:
    assert negotiate(wishes, ("zh-CN", "en")) == chosen
