"""Personal data at rest: readable in its own place alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.vault import CannotOpen, Vault, mask_name, mask_phone

KEYS = {"a": bytes(range(32)), "b": bytes(range(1, 33))}
MASTER = bytes(range(2, 34))
VAULT = Vault(data_keys=KEYS, master_key=MASTER)
PLACE = {"table": "customer", "column": "name", "owner": "customer:1"}


@given(st.text())
def test_what_was_sealed_opens_in_its_place(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert VAULT.open(**PLACE, sealed=VAULT.seal(**PLACE, text=text)) == text


@pytest.mark.parametrize("moved", [{"table": "app_user"}, {"column": "phone"}, {"owner": "customer:2"}])
def test_a_value_moved_elsewhere_does_not_open(moved: dict[str, str]) -> None:
    with pytest.raises(CannotOpen):
        VAULT.open(**{**PLACE, **moved}, sealed=VAULT.seal(**PLACE, text="张三"))


def test_a_changed_byte_does_not_open() -> None:
    sealed = bytearray(VAULT.seal(**PLACE, text="张三"))
    for at in range(3, len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(CannotOpen):
            VAULT.open(**PLACE, sealed=bytes(changed))


def test_the_same_text_is_sealed_differently_each_time_and_never_shows() -> None:
    sealed = [VAULT.seal(**PLACE, text="+8613800138000") for _ in range(3)]
    assert len(set(sealed)) == 3
    assert all(b"13800138000" not in each for each in sealed)


def test_the_first_key_seals_and_every_key_opens() -> None:
    old = Vault(data_keys={"a": KEYS["a"]}, master_key=MASTER)
    turned = Vault(data_keys={"b": KEYS["b"], "a": KEYS["a"]}, master_key=MASTER)
    sealed = old.seal(**PLACE, text="张三")
    assert turned.open(**PLACE, sealed=sealed) == "张三"
    again = turned.seal(**PLACE, text="张三")
    with pytest.raises(CannotOpen):
        old.open(**PLACE, sealed=again)


def test_equal_values_have_equal_hashes_of_their_kind_and_key_alone() -> None:
    assert VAULT.blind("phone", "+8613800138000") == VAULT.blind("phone", "+8613800138000")
    assert VAULT.blind("name", "ＡＢ") == VAULT.blind("name", "AB")
    others = [VAULT.blind("name", "1"), VAULT.blind("phone", "1"), VAULT.blind("phone", "2")]
    others.append(Vault(data_keys=KEYS, master_key=bytes(32)).blind("phone", "1"))
    assert len(set(others)) == 4


def test_kind_and_value_cannot_be_shifted_into_each_other() -> None:
    assert VAULT.blind("a", "b\0c") != VAULT.blind("a\0b", "c")


def test_purposes_have_keys_of_their_own() -> None:
    assert len({VAULT.subkey("cursors"), VAULT.subkey("forms"), VAULT.subkey("blind"), MASTER}) == 4


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+8613800138000", "+86138****8000"), ("+85261234567", "+852****4567"), ("+4912345", "+4****45")],
)
def test_a_masked_phone_shows_its_ends(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z"))
def test_a_masked_phone_hides_at_least_four_digits(phone: str) -> None:
    shown = mask_phone(phone).replace("****", "")
    assert len(phone) - len(shown) >= 4


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "*三"), ("欧阳娜娜", "***娜"), ("李", "李"), ("Maximilian", "***n"), ("", "")]
)
def test_a_masked_name_shows_its_last_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked
