"""Whose name stands in front of a text message: that of the unit that it speaks for."""

import json
from collections.abc import Iterator

import pytest

from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from notifications.channels.aliyun_sms.client import AliyunSms
from notifications.channels.aliyun_sms.factory import from_settings
from notifications.delivery import send_due
from notifications.one_time_codes import CodeSender
from notifications.setup import Setup
from services.accounts.queries import AccountId
from tests.factories.accounts import make_account, make_unit
from tests.notifications.conftest import Queue
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def channel(sms_settings: Settings, provider: SandboxProcess) -> Iterator[AliyunSms]:
    """The branch 3702 has a signature of its own; 370202 below it has the supplier's again."""
    given = provider.credentials["aliyun_sms"]
    signs = {"3702": given["branch_sign_name"], "370202": given["sign_name"]}
    made = from_settings(
        Settings.model_validate({**sms_settings.model_dump(), "aliyun_sms_unit_signs": json.dumps(signs)})
    )
    assert made is not None
    yield made
    made.close()


def accounts_in(database: Database, vault: Vault, *units: str) -> list[AccountId]:
    tree = {"37": None, "3702": "37", "370201": "3702", "370202": "3702"}
    with database.write() as session:
        made = {code: make_unit(session, code=code, parent=parent) for code, parent in tree.items()}
        return [make_account(session, vault, unit_id=made[unit]).id for unit in units]


@pytest.mark.parametrize(
    ("units", "is_branch"),
    [
        ((), False),
        (("37",), False),
        (("3702",), True),
        (("370201",), True),
        (("370202",), False),
        (("3702", "370201"), True),
        (("37", "370201"), False),
    ],
    ids=str,
)
def test_a_message_is_signed_for_the_nearest_unit_above_all_its_accounts(
    database: Database,
    vault: Vault,
    sms_settings: Settings,
    channel: AliyunSms,
    queue: Queue,
    provider: SandboxProcess,
    number: str,
    units: tuple[str, ...],
    *,
    is_branch: bool,
) -> None:
    queue(account_ids=accounts_in(database, vault, *units))
    send_due(database, setup=Setup(sms_settings, vault, channel))
    [told] = provider.messages(number)
    given = provider.credentials["aliyun_sms"]
    assert told["text"].startswith(f"【{given['branch_sign_name' if is_branch else 'sign_name']}】")


def test_a_one_time_code_is_signed_by_the_supplier(channel: AliyunSms, provider: SandboxProcess, number: str) -> None:
    CodeSender(channel).send_code(phone=number, code="123456", locale="zh-CN", reference=f"code-{clock.now()}")
    [told] = provider.messages(number)
    assert told["text"].startswith(f"【{provider.credentials['aliyun_sms']['sign_name']}】")
