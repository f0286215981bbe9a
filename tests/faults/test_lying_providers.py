"""Providers that hang, drip, flood and answer nonsense: a call ends by its deadline, and nothing is believed."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from core import clock
from core.http import MAX_ANSWER_BYTES, Client, OutcomeUnknown, Unreachable
from core.money import Money
from notifications.channels.aliyun_sms.client import AliyunSms
from notifications.ports import Text
from notifications.states import Finding
from services.payments.ports import Method, OutcomeInDoubt, Payer, Prepay
from services.payments.providers.wechat_pay.adapter import Account, WeChatPay
from tests.support.liar import LIES, Liar, lying

DEADLINE_S = 0.5
WHOLE = {"answers an unsigned page", "answers unsigned JSON", "is out of order"}
"""Lies that are complete answers: what they mean is the adapter's to say."""


@pytest.fixture(params=LIES)
def liar(request: pytest.FixtureRequest) -> Iterator[Liar]:
    with lying(request.param) as made:
        yield made


@pytest.fixture
def client(liar: Liar) -> Iterator[Client]:
    made = Client(liar.url, name="liar", total_s=DEADLINE_S)
    yield made
    made.close()


@pytest.fixture(scope="module")
def account() -> Account:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return Account(
        mchid="1900000001",
        appid="wx8888888888888888",
        merchant_serial="A1",
        private_key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        apiv3_keys=["k" * 32],
        public_keys={"PUB_KEY_ID_1": public},
        certificates=[],
        currency="CNY",
        callback_url="http://127.0.0.1:9",
    )


@pytest.mark.parametrize("lie", sorted(LIES.keys() - WHOLE))
def test_a_call_to_a_liar_ends_by_its_deadline_and_its_outcome_is_unknown(lie: str) -> None:
    with lying(lie) as liar:
        client = Client(liar.url, name="liar", total_s=DEADLINE_S)
        try:
            with pytest.raises(OutcomeUnknown):
                client.send("GET", "/", headers={})
        finally:
            client.close()


def test_of_an_endless_answer_hardly_more_is_taken_than_an_answer_may_have() -> None:
    with lying("sends a gigabyte") as liar:
        client = Client(liar.url, name="liar")
        with pytest.raises(OutcomeUnknown):
            client.send("GET", "/", headers={})
        client.close()
        assert liar.sent < 16 * MAX_ANSWER_BYTES  # what the buffers of both sides hold


def test_a_provider_that_is_not_there_was_certainly_not_reached() -> None:
    with lying("hangs up") as gone:
        url = gone.url
    client = Client(url, name="gone")
    with pytest.raises(Unreachable):
        client.send("GET", "/", headers={})
    client.close()


def test_the_deadline_of_one_call_does_not_cut_the_next(liar: Liar, client: Client) -> None:
    del liar
    for _ in range(2):
        try:
            client.send("GET", "/", headers={})
        except OutcomeUnknown:
            continue
        except Unreachable:
            pytest.fail("a call without time left was made")


Asked = Callable[[WeChatPay], object]


def _prepare(provider: WeChatPay) -> object:
    now = clock.now()
    wanted = Prepay(
        Method.WECHAT_NATIVE, "T" * 26, Money(1, "CNY"), "Wattline", now + timedelta(minutes=30), Payer("203.0.113.7")
    )
    return provider.prepare(Method.WECHAT_NATIVE, provider.compose(wanted))


@pytest.mark.parametrize(
    "ask", [_prepare, lambda provider: provider.query("T" * 26), lambda provider: provider.close("T" * 26)],
    ids=["prepare", "query", "close"],
)  # fmt: skip
def test_what_a_lying_payment_provider_says_leaves_the_payment_in_doubt(
    client: Client, account: Account, ask: Asked
) -> None:
    with pytest.raises(OutcomeInDoubt):
        ask(WeChatPay(client, account))


def test_what_a_lying_sms_provider_says_is_not_taken_for_a_message(client: Client) -> None:
    sms = AliyunSms(
        client,
        key_id="id",
        key_secret="secret",
        sign_name="W",
        unit_signs={},
        templates={"t": {"en": "SMS_1"}},
        default_locale="en",
    )
    now = clock.now()
    sent = sms.send(phone="+8613800138000", text=Text("t", "en", {}), reference="r", now=now)
    found = sms.find(phone="+8613800138000", reference="r", sent_at=now, now=now)
    assert {sent.finding, found.finding} == {Finding.UNKNOWN}
