"""Merchant accounts: which there are, and to which the money of an account belongs.

It is that of the account's unit, else that of the nearest unit above that has one, else the default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import ReadSession, statement
from core.money import Money
from services.accounts import queries as accounts
from services.accounts.queries import AccountId, AccountRef
from services.payments.errors import MethodNotOffered
from services.payments.ports import DEFAULT_MERCHANT, PROVIDERS, Method, PaymentProvider, source_of


def provider(source: str) -> PaymentProvider:
    """A provider with the merchant account that a source names; raises KeyError when settings describe it no more."""
    return PROVIDERS.get()[source]


def sources() -> list[str]:
    """Every merchant account of this deployment, each with its provider."""
    return list(PROVIDERS.get())


def sources_of(provider: str, *merchants: str) -> list[str]:
    """Who may have told of something at a provider: its merchant accounts, and those that were once."""
    present = {source for source, each in PROVIDERS.get().items() if each.name == provider}
    return sorted(present | {source_of(provider, each) for each in merchants})


def provider_names() -> list[str]:
    """Every provider of this deployment, however many merchant accounts it has there."""
    return sorted({each.name for each in PROVIDERS.get().values()})


def methods(*, currency: str) -> list[Method]:
    """What this deployment offers for a currency, in some unit or other."""
    return sorted({m for each in PROVIDERS.get().values() if currency in each.currencies for m in each.methods})


def provider_for(session: ReadSession, *, account: AccountRef, method: Method) -> PaymentProvider:
    """Who takes this account's money by this method; raises MethodNotOffered, and asks no other merchant account."""
    [(provider, _)] = apart(session, accounts_=[account], method=method)
    return provider


def apart(
    session: ReadSession, *, accounts_: Sequence[AccountRef], method: Method
) -> list[tuple[PaymentProvider, list[AccountRef]]]:
    """The accounts by who takes their money, each group one payment; raises MethodNotOffered for any."""
    lines = _lines(session, [each.id for each in accounts_])
    groups: dict[str, tuple[PaymentProvider, list[AccountRef]]] = {}
    for account in accounts_:
        provider = _chosen(lines.get(account.id, ()), method=method, currency=account.currency)
        source = source_of(provider.name, provider.merchant)
        groups.setdefault(source, (provider, []))[1].append(account)
    return list(groups.values())


def sources_again(session: ReadSession, *, attempt_id: UUID, method: Method) -> set[str]:
    """Who takes the money of an attempt's accounts by this method now; raises MethodNotOffered."""
    ids = session.sql("select distinct account_id from payment_part where attempt_id = :id", id=attempt_id).scalars()
    found = [accounts.account(session, account_id=AccountId(each)).ref for each in ids.all()]
    return {source_of(each.name, each.merchant) for each, _ in apart(session, accounts_=found, method=method)}


def differ() -> bool:
    """Whether units choose their merchant accounts: where they do not, one takes the money of all."""
    return any(each.units for each in PROVIDERS.get().values())


def groups(session: ReadSession, *, account_ids: Sequence[AccountId]) -> list[list[AccountId]]:
    """The accounts that one payment can be for together, whatever its method, in the order in which they are given."""
    lines = _lines(session, account_ids)
    names = list(dict.fromkeys(each.name for each in PROVIDERS.get().values()))
    found: dict[tuple[str | None, ...], list[AccountId]] = {}
    for account_id in account_ids:
        takers = (_responsible(name, lines.get(account_id, ())) for name in names)
        found.setdefault(tuple(each.merchant if each is not None else None for each in takers), []).append(account_id)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class MerchantSum:
    """What moved on one merchant account: how many sums came, how much that was, and how much was sent back."""

    provider: str
    merchant: str
    facts: int
    came: Money
    back: Money


def sums(session: ReadSession, *, begin: datetime, end: datetime) -> list[MerchantSum]:
    """What the books say of each merchant account for a time, to be held against its settlement.

    By the provider's clock for what came, by ours for what was sent back. Over all time and all accounts of a provider
    it is what stands on its clearing, and on its refunds. What waits for its number in the feed is not counted yet.
    """
    rows = session.sql(statement(__package__, "merchant_sums.sql"), begin=begin, end=end)
    return [
        MerchantSum(
            row.provider,
            row.merchant,
            row.facts,
            Money(row.came_minor, row.currency),
            Money(row.back_minor, row.currency),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class MerchantWork:
    """What still needs a merchant account: payments under way, refunds that have not ended, money without a place."""

    source: str
    payments: int
    refunds: int
    waiting: int


def work(session: ReadSession) -> list[MerchantWork]:
    """Every merchant account that is still needed, whether settings describe it or not."""
    rows = session.sql(statement(__package__, "merchant_work.sql"))
    return [MerchantWork(source_of(row.provider, row.merchant), row.payments, row.refunds, row.waiting) for row in rows]


def _lines(session: ReadSession, account_ids: Sequence[AccountId]) -> dict[AccountId, tuple[str, ...]]:
    """The units of accounts; nobody is asked where all have the same merchant account."""
    if not differ():
        return {}
    return accounts.unit_lines(session, account_ids=account_ids)


def _chosen(line: Sequence[str], *, method: Method, currency: str) -> PaymentProvider:
    for name in dict.fromkeys(each.name for each in PROVIDERS.get().values()):
        taker = _responsible(name, line)
        if taker is not None and method in taker.methods and currency in taker.currencies:
            return taker
    raise MethodNotOffered(method=method.value, currency=currency)


def _responsible(name: str, line: Sequence[str]) -> PaymentProvider | None:
    """The merchant account at a provider for a unit and those above it, the nearest first."""
    known = [each for each in PROVIDERS.get().values() if each.name == name]
    for code in line:
        for each in known:
            if code in each.units:
                return each
    return next((each for each in known if each.merchant == DEFAULT_MERCHANT), None)
