"""Picks adapters, fills every port's slot and subscribes handlers: the only place that does.

The web, the worker, the relay and the command line call `build` once per process, so all of them run the same parts.
"""

from collections import defaultdict
from collections.abc import Iterator

import app.tables  # noqa: F401 -- the rotation of keys walks over all models
import migrations
from core import outbox
from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.http import Client
from core.pagination import Cursors
from core.registry import Slot, UnfilledSlot
from notifications import handlers
from notifications import wechat as chats
from notifications.channels.aliyun_sms import factory as aliyun_sms
from notifications.channels.webhooks.client import WebhookClient
from notifications.channels.webhooks.targets import TargetRules
from notifications.one_time_codes import CodeSender
from notifications.personal import Messages
from notifications.ports import SmsChannel
from notifications.setup import SETUP, Setup
from notifications.webhooks import events as webhooks
from notifications.webhooks.ports import CALLER
from services.accounts.events import EntitlementsChanged, HolderChanged, MetersMoved
from services.accounts.operations import Access
from services.billing.events import BillAmended, BillSettled
from services.billing.operations import BillPayable, stop_payments
from services.casework.operations import STAFF_KINDS, correct_data
from services.casework.ports import KINDS, LISTS
from services.casework.queries.lists import ACCOUNT_LISTS
from services.identity.operations import Identity
from services.identity.ports import PERSONAL_DATA, SMS_SENDER, WECHAT
from services.identity.providers.wechat.client import TOTAL_S as WECHAT_TOTAL_S
from services.identity.providers.wechat.client import WeChat
from services.metering.operations import OwnReadings, note_moved
from services.payments.operations import (
    ASSIGN_SUSPENSE,
    DECIDE_REFUND,
    MATCH_SUSPENSE,
    RETURN_SUSPENSE,
    Payments,
    close_at_change_of_holder,
)
from services.payments.ports import DEFAULT_MERCHANT, PAYABLES, PROVIDERS, PaymentProvider, source_of
from services.payments.providers.wechat_pay.adapter import NAME, Account, WeChatPay
from services.payments.queries.lists import PAYMENT_LISTS
from services.tariffs.events import SlotPricesChanged, TariffDaysChanged, TariffPublished
from services.tariffs.operations import publish_tariff
from services.usage.operations import (
    note_days_changed,
    note_entitlements_changed,
    note_published,
    note_slot_prices_changed,
)
from services.usage.queries.lists import USAGE_LISTS
from web.runtime import Runtime


def build(settings: Settings) -> Runtime:
    """Make the process's runtime; raises UnfilledSlot when a port has no adapter."""
    sealing = vault(settings)
    sms = sms_channel(settings)
    SETUP.fill(Setup(settings, sealing, sms))
    SMS_SENDER.fill(CodeSender(sms))
    CALLER.fill(webhook_caller(settings))
    fill_kinds(settings, sealing)
    WECHAT.fill(wechat(settings))
    PAYABLES.fill({"bill": BillPayable()})
    LISTS.fill({each.name: each for each in (*ACCOUNT_LISTS, *PAYMENT_LISTS, *USAGE_LISTS)})
    PERSONAL_DATA.fill((Messages(), Payments(), OwnReadings(), Access(), Identity()))
    PROVIDERS.fill({source_of(each.name, each.merchant): each for each in providers(settings)})
    for event_class, handler in (*handlers.SUBSCRIPTIONS, *webhooks.SUBSCRIPTIONS):
        outbox.subscribe(event_class, handler)
    for kind, chat_handler in chats.HANDLERS:
        chats.register(kind, chat_handler)
    outbox.subscribe(BillAmended, stop_payments)
    outbox.subscribe(BillSettled, stop_payments)
    outbox.subscribe(HolderChanged, close_at_change_of_holder)
    outbox.subscribe(MetersMoved, note_moved)
    outbox.subscribe(TariffPublished, note_published)
    outbox.subscribe(TariffDaysChanged, note_days_changed)
    outbox.subscribe(EntitlementsChanged, note_entitlements_changed)
    outbox.subscribe(SlotPricesChanged, note_slot_prices_changed)
    if missing := Slot.unfilled():
        raise UnfilledSlot(", ".join(missing))
    return Runtime(
        settings=settings,
        db=Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.database_pool_size,
            hot_pool_size=settings.database_hot_pool_size,
            deadline_s=settings.database_deadline_s,
        ),
        vault=sealing,
        token_keys=TokenKeys(
            settings.token_keys.get_secret_value(), issuer=settings.public_url, audience=settings.public_url
        ),
        cursors=Cursors(sealing.subkey("cursors")),
        schema=migrations.head(),
    )


def fill_kinds(settings: Settings, sealing: Vault) -> None:
    """Say what takes two persons; for a command that asks and decides without serving anybody."""
    two_persons = (
        *STAFF_KINDS,
        ASSIGN_SUSPENSE,
        RETURN_SUSPENSE,
        MATCH_SUSPENSE,
        DECIDE_REFUND,
        correct_data(sealing),
        publish_tariff(settings.zone),
    )
    KINDS.fill({kind.name: kind for kind in two_persons})


def vault(settings: Settings) -> Vault:
    """The keys of the deployment."""
    return Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)


def sms_channel(settings: Settings) -> SmsChannel | None:
    """The channel that settings switch on; raises ValueError for templates that are not as documented."""
    return aliyun_sms.from_settings(settings)


def webhook_caller(settings: Settings) -> WebhookClient:
    """What calls programs of the supplier, where settings let it."""
    return WebhookClient(TargetRules(settings.webhook_port_set, settings.webhook_network_list))


def wechat(settings: Settings) -> WeChat:
    """WeChat with the applications that settings name, if any."""
    return WeChat(
        Client(settings.wechat_base_url, name="wechat", total_s=WECHAT_TOTAL_S),
        apps=settings.wechat_app_list,
        open_url=settings.wechat_open_url,
        redis_url=settings.redis_url.get_secret_value(),
    )


def providers(settings: Settings) -> list[PaymentProvider]:
    """The payment providers that settings switch on; raises ValueError or TypeError for keys that are none."""
    return [
        WeChatPay(Client(settings.wechat_pay_base_url, name=source_of(NAME, account.name)), account)
        for account in _wechat_pay_accounts(settings)
    ]


def _wechat_pay_accounts(settings: Settings) -> Iterator[Account]:
    """The default merchant account, if there is one, and those of units."""
    units: dict[str, set[str]] = defaultdict(set)
    for unit, merchant in settings.wechat_merchants_by_unit.items():
        units[merchant].add(unit)
    if settings.wechat_pay_mchid is not None:
        yield Account(
            mchid=settings.wechat_pay_mchid,
            appid=settings.wechat_pay_appid,
            more_appids=frozenset(app.appid for app in settings.wechat_app_list),
            currency=settings.wechat_pay_currency,
            merchant_serial=settings.wechat_pay_merchant_serial,
            private_key_pem=settings.wechat_pay_merchant_private_key.get_secret_value(),
            apiv3_keys=settings.wechat_pay_apiv3_keys,
            public_keys=settings.wechat_pay_public_keys,
            certificates=settings.wechat_pay_certificate_list,
            callback_url=settings.provider_callback_url,
            units=frozenset(units[DEFAULT_MERCHANT]),
        )
    for each in settings.wechat_merchants:
        yield Account(
            mchid=each.mchid,
            appid=each.appid,
            more_appids=frozenset(each.appids),
            currency=settings.wechat_pay_currency,
            merchant_serial=each.merchant_serial,
            private_key_pem=each.merchant_private_key.get_secret_value(),
            apiv3_keys=each.apiv3_keys,
            public_keys=each.public_keys,
            certificates=each.certificate_list,
            callback_url=settings.provider_callback_url,
            name=each.name,
            units=frozenset(units[each.name]),
        )
