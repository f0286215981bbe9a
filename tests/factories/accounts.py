"""Accounts for tests: plain rows written directly, or files for the importer."""

import itertools
import json
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from core.audit import Actor
from core.crypto.vault import Vault, mask_name, mask_phone
from core.db import WriteSession
from services.accounts import operations
from services.accounts.models import Role
from services.accounts.queries import AccountId, AccountRef
from services.accounts.rules import customer_owner, search_terms
from services.identity import operations as identity

_numbers = itertools.count(1)
ACTOR = Actor("test:factory")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_unit(
    session: WriteSession,
    *,
    code: str = "37",
    parent: str | None = None,
    kind: str = "province",
    name: str = "某省电力",
) -> int:
    """A unit; the one with this code when there is one."""
    found: int = session.sql(
        """insert into unit (code, parent_id, kind, name, path)
           select :code, p.id, :kind, :name, coalesce(p.path, '/') || :code || '/' from (select 1) one left join unit p on p.code = :parent
           on conflict (code) do update set name = excluded.name returning id""",
        code=code,
        kind=kind,
        name=name,
        parent=parent,
    ).scalar_one()
    return found


def make_account(
    session: WriteSession,
    vault: Vault,
    *,
    account_no: str | None = None,
    name: str = "张三",
    phone: str | None = "+8613800138000",
    locale: str = "zh-CN",
    currency: str = "CNY",
    unit_id: int | None = None,
    state: str = "active",
    meter_no: str | None = None,
    last_bill_minor: int | None = None,
) -> AccountRef:
    """An account with its own holder and premises."""
    number = next(_numbers)
    account_no = account_no or f"70{number:08d}"
    customer_no, owner = f"C{account_no}", customer_owner(f"C{account_no}")
    customer_id = session.sql(
        """insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
           values (:no, 'person', :sealed, :masked, :tokens, ''::bytea) returning id""",
        no=customer_no,
        sealed=vault.seal(table="customer", column="name", owner=owner, text=name),
        masked=mask_name(name),
        tokens=[vault.blind(kind, value) for kind, value in search_terms(name=name, phone=phone)],
    ).scalar_one()
    if phone is not None:
        session.sql(
            """insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
               values (:customer, 1, 'phone', :sealed, :blind, :masked, :locale)""",
            customer=customer_id,
            sealed=vault.seal(table="contact_point", column="address", owner=owner, text=phone),
            blind=vault.blind("phone", phone),
            masked=mask_phone(phone),
            locale=locale,
        )
    premises_id = session.sql(
        """insert into premises (premises_no, district, street, building, fingerprint)
           values (:no, '历下区', '泉城路', '18号', ''::bytea) returning id""",
        no=account_no,
    ).scalar_one()
    unit = unit_id if unit_id is not None else make_unit(session)
    row = session.sql(
        """insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency, last_bill_minor, last_bill_issued)
           values (:no, :unit, :customer, :premises, 'residential', :state, :currency, :last_bill, :issued) returning id""",
        no=account_no,
        unit=unit,
        customer=customer_id,
        premises=premises_id,
        state=state,
        currency=currency,
        last_bill=last_bill_minor,
        issued=None if last_bill_minor is None else date(2026, 1, 1),
    ).one()
    if meter_no is not None:
        session.sql("insert into meter (meter_no, account_id) values (:no, :account)", no=meter_no, account=row.id)
    return AccountRef(AccountId(row.id), account_no, unit, currency)


def give_tariff(session: WriteSession, account_id: AccountId) -> None:
    """A tariff since long ago: what level 1 of an account's data lacks beside a meter."""
    session.sql(
        """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
           values (:id, 1, 'RES-1', false, date '2020-01-01')""",
        id=account_id,
    )


def make_user(session: WriteSession, vault: Vault, *, phone: str | None = None) -> UUID:
    """A person who can be granted accounts."""
    number = phone or f"+86139{next(_numbers):08d}"
    return identity.register(session, vault=vault, phone=number, locale="zh-CN", now=LONG_AGO)


def grant(
    session: WriteSession, *, user_id: UUID, account_id: AccountId, role: Role = Role.OWNER, now: datetime = LONG_AGO
) -> None:
    """Let a person act for an account."""
    operations.grant_access(session, user_id=user_id, account_id=account_id, role=role, actor=ACTOR, now=now)


def account_record(number: int, **other: object) -> dict[str, object]:
    """One row of an accounts file."""
    return {
        "account_no": f"80{number:08d}",
        "unit_code": "3701",
        "customer_no": f"K{number:07d}",
        "customer_kind": "person",
        "name": f"王{chr(0x4E00 + number % 500)}",
        "phone": f"138001{number % 100000:05d}",
        "class": "residential",
        "district": "历下区",
        "street": "泉城路",
        "building": f"{number % 90 + 1}号",
        "door": f"{number % 9 + 1}单元{number % 30 + 101}",
        "meter_no": f"M{number:09d}",
        "tariff_code": "RES-1",
        "agreement_from": "2024-01-01",
        **other,
    }


def write_jsonl(path: Path, records: list[dict[str, object]]) -> Path:
    """A JSON Lines file."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def write_csv(path: Path, records: list[dict[str, object]]) -> Path:
    """A CSV file with the first record's names as heading."""
    names = list(records[0])
    lines = [
        ",".join(names),
        *(",".join("" if record[name] is None else str(record[name]) for name in names) for record in records),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
