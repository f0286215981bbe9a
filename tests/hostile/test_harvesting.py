"""How many numbers and names may be tried: by a person, a network, a member of staff, and of one account."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest

from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations as accounts
from services.accounts.errors import RevealLimited
from services.accounts.operations import LinkOutcome, MeterNumber, grants, serving
from services.accounts.queries import AccountRef
from services.billing.operations import BillPayable
from services.identity import operations as identity
from services.identity.operations import Limit
from services.payments.errors import QuoteRefused, QuotesLimited
from services.payments.operations import quotes
from services.payments.ports import PAYABLES
from tests.factories.accounts import make_account, make_user

NOW: Final = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
HERE: Final = "198.51.100.7"
ELSEWHERE: Final = "198.51.100.8"


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        return make_account(session, vault, account_no="7000000001", name="王小明", meter_no="M-42")


@pytest.fixture
def people(database: Database, vault: Vault) -> list[UUID]:
    with database.write() as session:
        return [make_user(session, vault) for _ in range(6)]


@pytest.fixture(autouse=True)
def _bills_are_payable() -> None:
    PAYABLES.fill({"bill": BillPayable()})


def link(database: Database, vault: Vault, user_id: UUID, *, address: str, now: datetime = NOW) -> LinkOutcome:
    """A right proof, as the owner of the account would bring it."""
    with database.write() as session:
        return accounts.link_account(
            session,
            vault=vault,
            user_id=user_id,
            account_no="7000000001",
            name_character="王",
            evidence=MeterNumber("M-42"),
            actor=Actor(f"user:{user_id}", address),
            now=now,
        ).outcome


def quote(
    database: Database, vault: Vault, user_id: UUID, *, address: str, account_no: str = "7000000001", hint: str = "王"
) -> type[object] | None:
    """Ask what somebody owes; the class of the refusal, None for a quote."""
    with database.write() as session:
        result = quotes.quote_for_others(
            session, vault=vault, user_id=user_id, address=address, account_no=account_no, name_hint=hint, now=NOW
        )
    return None if result.refusal is None else type(result.refusal)


def spend(database: Database, vault: Vault, *, what: str, address: str, limit: Limit, times: int) -> None:
    """So many lookups of a network, as many people there may have made them."""
    with database.write() as session:
        key = identity.network_key(vault, what=what, address=address)
        waits = [identity.count_lookup(session, key=key, limit=limit, now=NOW) for _ in range(times)]
    assert waits == [None] * times


@pytest.mark.usefixtures("account")
def test_a_network_proves_so_many_accounts_whoever_asks_from_there(
    database: Database, vault: Vault, people: list[UUID]
) -> None:
    limit = grants.TRIES_OF_NETWORK
    spend(database, vault, what="accounts.link", address=HERE, limit=limit, times=limit.per_hour - 1)
    assert link(database, vault, people[0], address=HERE) is LinkOutcome.LINKED
    assert link(database, vault, people[1], address=HERE) is LinkOutcome.LIMITED
    assert link(database, vault, people[1], address=ELSEWHERE) is LinkOutcome.LINKED
    assert link(database, vault, people[2], address=HERE, now=NOW + timedelta(hours=1)) is LinkOutcome.LINKED


@pytest.mark.usefixtures("account")
def test_a_network_is_told_of_so_many_debts_whoever_asks_from_there(
    database: Database, vault: Vault, people: list[UUID]
) -> None:
    limit = quotes.ASKED_BY_NETWORK
    spend(database, vault, what="payments.quote", address=HERE, limit=limit, times=limit.per_hour - 1)
    assert quote(database, vault, people[0], address=HERE) is None
    assert quote(database, vault, people[1], address=HERE) is QuotesLimited
    assert quote(database, vault, people[1], address=ELSEWHERE) is None


@pytest.mark.usefixtures("account")
def test_whoever_has_a_whole_network_of_addresses_guesses_no_more_names_than_one_address(
    database: Database, vault: Vault, people: list[UUID]
) -> None:
    guesses = [
        quote(
            database, vault, person, address=f"2001:db8::{n:x}:{number:x}", account_no=f"79{n}{number:07d}", hint="李"
        )
        for number, person in enumerate(people[:5])
        for n in range(quotes.WRONG_BY_USER)
    ]
    assert guesses == [QuoteRefused] * quotes.WRONG_BY_ADDRESS
    assert quote(database, vault, people[5], address="2001:db8::ffff") is QuotesLimited
    assert quote(database, vault, people[5], address="2001:db8:0:1::ffff") is None


@pytest.mark.usefixtures("account")
def test_the_name_of_one_account_is_guessed_so_often_a_day_by_all_together(
    database: Database, vault: Vault, people: list[UUID]
) -> None:
    for place, person in enumerate(people[:2]):
        for n in range(quotes.WRONG_BY_ACCOUNT // 2):
            assert quote(database, vault, person, address=f"198.51.{place}.{n}", hint="李") is QuoteRefused
    assert quote(database, vault, people[2], address=HERE) is QuotesLimited


def look(database: Database, staff_id: UUID, *, now: datetime = NOW) -> bool:
    """Whether a member of staff is shown one thing more in clear."""
    try:
        with database.write() as session:
            accounts.reason_to_reveal(session, reason="Caller gave the number.", staff_id=staff_id, now=now)
    except RevealLimited:
        return False
    return True


def test_one_member_of_staff_sees_so_much_in_clear_an_hour_and_a_day(database: Database) -> None:
    agent, colleague = uuid4(), uuid4()
    hour, day = serving.REVEALS.per_hour, serving.REVEALS.per_day
    assert [look(database, agent) for _ in range(hour + 1)] == [True] * hour + [False]
    assert look(database, colleague)
    shown, later = hour, NOW
    while shown < day:
        later += timedelta(hours=1)
        more = min(hour, day - shown)
        assert [look(database, agent, now=later) for _ in range(more)] == [True] * more
        shown += more
    assert not look(database, agent, now=later + timedelta(hours=1))
    assert look(database, agent, now=later + timedelta(days=1))


def test_what_a_member_of_staff_does_besides_wins_no_more_reveals(database: Database) -> None:
    """Were it counted among somebody's last acts, a thousand acts that cost nothing would push the reveals out."""
    agent = uuid4()
    assert [look(database, agent) for _ in range(serving.REVEALS.per_hour + 1)][-2:] == [True, False]
    with database.write() as session:
        session.sql(
            """insert into audit (actor, act, subject, recorded_at)
               select :actor, 'accounts.staff_refused', 'permission:x', :now from generate_series(1, 1001)""",
            actor=f"staff:{agent}",
            now=NOW,
        )
    assert not look(database, agent)


def test_of_many_looks_at_once_just_as_many_are_counted_as_the_limit_allows(database: Database, vault: Vault) -> None:
    key, limit = identity.network_key(vault, what="accounts.link", address=HERE), Limit(5, 7)

    def ask(_number: int) -> bool:
        with database.write() as session:
            return identity.count_lookup(session, key=key, limit=limit, now=NOW) is None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == limit.per_hour


def test_one_member_of_staff_searches_so_often_an_hour_and_a_day(database: Database) -> None:
    agent, colleague = uuid4(), uuid4()

    def searches(who: UUID, times: int, *, now: datetime) -> list[bool]:
        with database.write() as session:
            return [
                accounts.count_search(session, staff_id=who, actor=Actor(f"staff:{who}"), per_hour=3, now=now) is None
                for _ in range(times)
            ]

    hours = [NOW + timedelta(hours=number) for number in range(serving.SEARCH_HOURS)]
    assert [searches(agent, 4, now=hour) for hour in hours] == [[True] * 3 + [False]] * serving.SEARCH_HOURS
    assert searches(agent, 1, now=hours[-1] + timedelta(hours=1)) == [False]
    assert searches(colleague, 1, now=NOW) == [True]
    assert searches(agent, 1, now=hours[-1] + timedelta(days=1)) == [True]
