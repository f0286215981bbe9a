"""The JSON edge of accounts and bills: hot reads tell the truth in the declared form, and only to those who may know."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from core import clock
from core.config import Settings
from core.crypto.tokens import Identity, TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from core.pagination import Cursors
from routers.accounts.schemas import AccountHome, AccountList
from routers.billing.schemas import BillDetail, BillPage
from services.accounts import operations as accounts
from services.accounts.models import Role
from services.accounts.queries import AccountRef
from services.identity import operations as identity
from services.identity.models import OpenedBy
from tests.factories.accounts import ACTOR, grant, make_account, make_user
from tests.factories.billing import bill_record, load, make_bill
from web.runtime import Runtime


@dataclass(frozen=True)
class Person:
    """Somebody signed in."""

    user_id: UUID
    session_id: UUID
    headers: dict[str, str]


@pytest.fixture
def runtime(settings: Settings, database: Database, vault: Vault) -> Runtime:
    keys = TokenKeys(settings.token_keys.get_secret_value(), issuer="test", audience="test")
    return Runtime(
        settings=settings, db=database, vault=vault, token_keys=keys, cursors=Cursors(vault.subkey("cursors"))
    )


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime), base_url="http://testserver") as opened:
        yield opened


@pytest.fixture
def sign_in(database: Database, vault: Vault, runtime: Runtime) -> Callable[[], Person]:
    """A new person with a living session."""

    def made() -> Person:
        now = clock.now()
        with database.write() as session:
            user_id = make_user(session, vault)
            opened = identity.open_app_session(
                session, user_id=user_id, opened_by=OpenedBy.CODE, device_name="test", address="127.0.0.1", now=now
            )
        who = Identity(
            subject=str(user_id),
            session_id=opened.session_id,
            kind="user",
            scopes=frozenset(),
            expires_at=int((now + timedelta(minutes=10)).timestamp()),
        )
        token = runtime.token_keys.issue(who, token_id=uuid4(), now=now)
        return Person(user_id, opened.session_id, {"Authorization": f"Bearer {token}"})

    return made


@pytest.fixture
def owner(sign_in: Callable[[], Person]) -> Person:
    return sign_in()


@pytest.fixture
def account(database: Database, vault: Vault, owner: Person) -> AccountRef:
    """An account of the owner with 14 bills: 13 history, the newest open."""
    with database.write() as session:
        ref = make_account(session, vault, account_no="3701000001", name="王小明", meter_no="M-42")
        days = [(2025 + month // 13, month % 12 or 12) for month in range(1, 14)]
        load(
            session,
            *(
                bill_record(
                    ref.account_no,
                    f"2025{month:02d}01",
                    amount_minor=1_000 * month,
                    period_first=f"{year}-{at:02d}-01",
                    period_end=f"{year}-{at:02d}-28",
                    issue_date=f"{year}-{at:02d}-28",
                    due_date=f"{year}-{at:02d}-28",
                    state="open" if month == 13 else "settled",
                )
                for month, (year, at) in enumerate(days, start=1)
            ),
        )
        grant(session, user_id=owner.user_id, account_id=ref.id)
    return ref


def test_the_list_names_what_each_account_owes(client: TestClient, owner: Person, account: AccountRef) -> None:
    answer = client.get("/api/v1/accounts", headers=owner.headers)
    [entry] = AccountList.model_validate_json(answer.text).items
    assert (entry.account_no, entry.holder, entry.due.amount_minor, entry.role) == (
        account.account_no,
        "**明",
        13_000,
        "owner",
    )


def test_accounts_come_page_by_page_without_gap_or_double(
    client: TestClient, database: Database, vault: Vault, owner: Person, account: AccountRef
) -> None:
    numbers = [account.account_no, *(f"37010001{number:02d}" for number in range(6))]
    with database.write() as session:
        for number in numbers[1:]:
            ref = make_account(session, vault, account_no=number)
            grant(session, user_id=owner.user_id, account_id=ref.id)
            make_bill(session, ref, amount_minor=500)
    seen: list[tuple[str, int]] = []
    cursor: str | None = None
    sizes = []
    while True:
        params = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        page = AccountList.model_validate_json(
            client.get("/api/v1/accounts", params=params, headers=owner.headers).text
        )
        sizes.append(len(page.items))
        seen += [(entry.account_no, entry.due.amount_minor) for entry in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sizes == [3, 3, 1]
    assert seen == [(account.account_no, 13_000), *((number, 500) for number in numbers[1:])]


def test_a_last_page_that_is_full_names_no_other(client: TestClient, owner: Person, account: AccountRef) -> None:
    page = AccountList.model_validate_json(
        client.get("/api/v1/accounts", params={"limit": "1"}, headers=owner.headers).text
    )
    assert ([entry.account_no for entry in page.items], page.next) == ([account.account_no], None)


def test_the_home_of_an_account_keeps_its_declared_form(client: TestClient, owner: Person, account: AccountRef) -> None:
    answer = client.get(f"/api/v1/accounts/{account.account_no}", headers=owner.headers)
    home = AccountHome.model_validate_json(answer.text)
    assert (home.due.amount_minor, home.due.currency, home.prepaid.amount_minor) == (13_000, "CNY", 0)
    assert [bill.amount.amount_minor for bill in home.bills] == [1_000 * month for month in range(13, 1, -1)]
    assert str(home.next_due_date) == "2026-01-28"
    assert "王" not in answer.text


def test_bills_come_page_by_page_without_gap_or_double(client: TestClient, owner: Person, account: AccountRef) -> None:
    seen: list[str] = []
    url = f"/api/v1/accounts/{account.account_no}/bills?limit=5"
    cursor: str | None = ""
    while cursor is not None:
        page = BillPage.model_validate_json(
            client.get(url + (f"&cursor={cursor}" if cursor else ""), headers=owner.headers).text
        )
        seen += [bill.bill_no for bill in page.items]
        cursor = page.next
    assert seen == [f"2025{month:02d}01" for month in range(13, 0, -1)]


def test_the_last_full_page_has_no_next(client: TestClient, owner: Person, account: AccountRef) -> None:
    page = client.get(f"/api/v1/accounts/{account.account_no}/bills?limit=13", headers=owner.headers).json()
    assert (len(page["items"]), page["next"]) == (13, None)


def test_a_cursor_of_another_person_does_not_open(
    client: TestClient, owner: Person, account: AccountRef, sign_in: Callable[[], Person], database: Database
) -> None:
    url = f"/api/v1/accounts/{account.account_no}/bills"
    cursor = client.get(f"{url}?limit=1", headers=owner.headers).json()["next"]
    other = sign_in()
    with database.write() as session:
        grant(session, user_id=other.user_id, account_id=account.id, role=Role.VIEWER)
    refused = client.get(f"{url}?cursor={cursor}", headers=other.headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor")


def test_a_bill_tells_its_lines(client: TestClient, owner: Person, account: AccountRef) -> None:
    answer = client.get(f"/api/v1/accounts/{account.account_no}/bills/20251301", headers=owner.headers)
    bill = BillDetail.model_validate_json(answer.text)
    assert [line.code for line in bill.lines] == ["energy", "funds.renewable_energy", "tax.vat"]
    assert sum(line.amount.amount_minor for line in bill.lines) == bill.amount.amount_minor == 13_000
    assert (str(bill.lines[0].quantity), str(bill.lines[0].unit_price)) == ("230.500", "0.54690000")


@pytest.mark.parametrize("path", ["", "/bills", "/bills/20251301"])
def test_strangers_missing_accounts_and_revoked_grants_all_answer_404(
    client: TestClient, owner: Person, account: AccountRef, sign_in: Callable[[], Person], database: Database, path: str
) -> None:
    stranger = sign_in()
    url = f"/api/v1/accounts/{account.account_no}{path}"
    told = [
        client.get(url, headers=stranger.headers),
        client.get(url.replace("3701000001", "9999999999"), headers=owner.headers),
    ]
    with database.write() as session:
        accounts.revoke_access(session, user_id=owner.user_id, account_id=account.id, actor=ACTOR, now=clock.now())
    told.append(client.get(url, headers=owner.headers))
    assert [(each.status_code, each.json()["code"]) for each in told] == [(404, "not_found")] * 3


@pytest.mark.parametrize(
    "path", ["/accounts", "/accounts/3701000001", "/accounts/3701000001/bills", "/accounts/3701000001/bills/20251301"]
)
@pytest.mark.usefixtures("account")
def test_a_session_that_ended_reads_nothing_more(
    client: TestClient, owner: Person, database: Database, path: str
) -> None:
    assert client.get(f"/api/v1{path}").status_code == 401
    assert client.get(f"/api/v1{path}", headers=owner.headers).status_code == 200
    with database.write() as session:
        identity.close_session(
            session, user_id=owner.user_id, session_id=owner.session_id, address="::1", now=clock.now()
        )
    assert client.get(f"/api/v1{path}", headers=owner.headers).status_code == 401


def test_a_missing_bill_answers_404(client: TestClient, owner: Person, account: AccountRef) -> None:
    assert client.get(f"/api/v1/accounts/{account.account_no}/bills/none", headers=owner.headers).status_code == 404


def link(client: TestClient, person: Person, key: str, **proof: object) -> tuple[int, str | None]:
    body = {
        "account_no": "3701000001",
        "proof": {"kind": "meter_no", "name_character": "王", "meter_no": "M-42", **proof},
    }
    answer = client.post("/api/v1/account-links", json=body, headers={**person.headers, "Idempotency-Key": key})
    return answer.status_code, answer.json().get("code")


@pytest.mark.usefixtures("account")
def test_a_proof_links_and_unlinking_ends_access_at_once(client: TestClient, sign_in: Callable[[], Person]) -> None:
    person = sign_in()
    assert client.get("/api/v1/accounts/3701000001", headers=person.headers).status_code == 404
    assert link(client, person, "k1") == (201, None)
    assert link(client, person, "k1") == (201, None)
    assert client.get("/api/v1/accounts/3701000001", headers=person.headers).json()["role"] == "owner"
    assert client.delete("/api/v1/account-links/3701000001", headers=person.headers).status_code == 204
    assert client.get("/api/v1/accounts/3701000001", headers=person.headers).status_code == 404


@pytest.mark.usefixtures("account")
def test_a_wrong_proof_is_refused_and_the_sixth_try_is_limited(
    client: TestClient, sign_in: Callable[[], Person]
) -> None:
    person = sign_in()
    for number in range(5):
        assert link(client, person, f"k{number}", meter_no="WRONG") == (409, "link_refused")
    assert link(client, person, "right")[0] == 429
    assert link(client, sign_in(), "other")[0] == 429


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "proof", [{"meter_no": 42}, {"meter_no": "a\x00"}, {"name_character": ""}, {"kind": "guess"}, {"more": 1}]
)
def test_a_malformed_proof_is_a_422_and_costs_no_try(
    client: TestClient, sign_in: Callable[[], Person], proof: dict[str, object]
) -> None:
    assert link(client, sign_in(), "k", **proof)[0] in {400, 422}
