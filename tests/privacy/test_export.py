"""A person's copy of their data: whole, theirs alone, taken once."""

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest

import jobs as jobs_package
from app.keeping import KEPT, Whose
from core import clock, outbox
from core.audit import Actor
from jobs import privacy as jobs
from jobs import runtime
from jobs.celery_app import app as celery
from services.identity import operations
from services.identity.ports import PERSONAL_DATA
from tests.privacy.test_erasure import plant
from tests.support.town import HOLDER, Person, Town
from tools.docs import import_all


def code_of(town: Town, person: Person) -> str:
    """The last code that came to a person's telephone."""
    national = person.phone.removeprefix("+86")
    last = next(each for each in town.sandbox.messages() if national in repr(each))
    [code] = set(re.findall(r"(?<!\d)\d{6}(?!\d)", last["text"]))
    return str(code)


def proved(town: Town, person: Person) -> dict[str, str]:
    """What a device sends that has asked for a code."""
    device = {"device_id": uuid.uuid4().hex}
    assert town.client.post("/api/v1/me/data-export/code", json=device, headers=person.bearer).status_code == 202
    return {**device, "code": code_of(town, person)}


def taken(town: Town, person: Person) -> dict[str, Any]:
    """Asked for, made by the task, taken."""
    asked = town.client.put("/api/v1/me/data-export", headers=person.bearer)
    assert (asked.status_code, asked.json()["state"]) == (202, "making")
    runtime.use(town.runtime.db)
    jobs.make_exports()
    assert town.client.get("/api/v1/me/data-export", headers=person.bearer).json()["state"] == "ready"
    proof = proved(town, person)
    document: dict[str, Any] = town.client.post(
        "/api/v1/me/data-export/download", json=proof, headers=person.bearer
    ).json()
    return document


def test_a_copy_holds_every_section_and_nothing_of_anybody_else(town: Town) -> None:
    planted = plant(town)
    sections = taken(town, planted.person)["sections"]
    assert sections.keys() == {each.section for each in KEPT if each.section}
    filled = {name for name, rows in sections.items() if rows}
    assert filled >= {
        "person",
        "devices",
        "consents",
        "acts",
        "grants",
        "account_groups",
        "failed_links",
        "told_details",
        "payments",
        "quotes",
        "messages",
    }
    assert sections["person"][0]["phone"] == planted.person.phone
    [told] = sections["told_details"]
    assert (told["email"], told["household_size"]) == (planted.needles["mail address"], 4)
    text = json.dumps(sections, ensure_ascii=False)
    for name, other in town.people.items():
        assert other.phone.removeprefix("+86") not in text, name
        assert str(other.user_id) not in text, name
    assert HOLDER not in text
    assert planted.needles["openid"] not in text


def test_a_copy_is_taken_once_and_the_audit_log_says_so(town: Town) -> None:
    person = plant(town).person
    taken(town, person)
    again = town.client.post("/api/v1/me/data-export/download", json=proved(town, person), headers=person.bearer)
    assert (again.status_code, again.json()["code"]) == (409, "export_not_ready")
    assert town.client.get("/api/v1/me/data-export", headers=person.bearer).json()["state"] == "none"
    with town.runtime.db.read() as session:
        acts = session.sql(
            "select act from audit where subject = :who and act like 'identity.export%' order by id",
            who=f"user:{person.user_id}",
        ).scalars()
        assert acts.all() == ["identity.export_asked", "identity.export_taken"]


def test_whoever_takes_it_has_the_telephone_and_the_person_is_told(town: Town) -> None:
    person = town.settle(town.build(town.unit_id), has_payments=False)
    erasing = {"device_id": uuid.uuid4().hex}
    town.client.put("/api/v1/me/data-export", headers=person.bearer)
    runtime.use(town.runtime.db)
    jobs.make_exports()
    assert town.client.post("/api/v1/me/erasure/code", json=erasing, headers=person.bearer).status_code == 202
    proof = proved(town, person)
    other_device = {**proof, "device_id": uuid.uuid4().hex}
    other_purpose = {**erasing, "code": proof["code"]}
    for wrong in ({**proof, "code": "x"}, other_device, other_purpose):
        refused = town.client.post("/api/v1/me/data-export/download", json=wrong, headers=person.bearer)
        assert (refused.status_code, refused.json()["code"]) == (401, "code_wrong")
    assert town.client.post("/api/v1/me/data-export/download", json=proof, headers=person.bearer).status_code == 200
    while outbox.relay_once(town.runtime.db):
        pass
    read = town.client.get("/api/v1/inbox", headers={**person.bearer, "accept-language": "zh-CN"}).json()
    assert "您的个人数据副本已被下载" in {each["title"] for each in read["items"]}


def test_the_page_hands_the_copy_over_as_a_file_once(town: Town) -> None:
    person = plant(town).person
    form, headers = {"csrf": town.form_token(person)}, town.browser(person)
    assert town.client.post("/me/data/copy", data=form, headers=headers).status_code == 303
    runtime.use(town.runtime.db)
    jobs.make_exports()
    assert town.client.post("/me/data/copy/download", data=form, headers=headers).status_code == 422
    assert town.client.post("/me/data/copy/code", data=form, headers=headers).status_code == 200
    form["code"] = code_of(town, person)
    file = town.client.post("/me/data/copy/download", data=form, headers=headers)
    assert file.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert "no-store" in file.headers["cache-control"]
    assert file.json()["sections"]["person"][0]["phone"] == person.phone
    again = town.client.post("/me/data/copy/download", data=form, headers=headers)
    assert (again.status_code, again.headers["location"]) == (303, "/me/data")


def test_a_copy_that_nobody_takes_is_gone_after_three_days(town: Town) -> None:
    person = plant(town).person
    now, vault, db = clock.now(), town.runtime.vault, town.runtime.db
    with db.write() as session:
        operations.ask_export(session, user_id=person.user_id, actor=actor_of(person), now=now)
        while operations.make_next(session, vault=vault, now=now):
            pass
    with db.write() as session:
        late = now + timedelta(days=3)
        taken = operations.take_export(
            session, vault=vault, user_id=person.user_id, device="", code="", actor=actor_of(person), now=late
        )
        assert taken is None
        operations.purge_exports(session, now=late, most=100)
        left = session.sql("select count(*) from data_export where user_id = :id", id=person.user_id).scalar_one()
    assert left == 0


def actor_of(person: Person) -> Actor:
    return Actor(f"user:{person.user_id}")


def test_every_table_is_listed_with_whose_it_is_how_long_it_is_kept_and_why(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        there = {
            str(name)
            for (name,) in connection.execute(
                """select c.relname from pg_class c where c.relkind in ('r', 'p')
                   and c.relnamespace = 'public'::regnamespace and not c.relispartition"""
            )
        }
    assert {each.table for each in KEPT} == there
    assert len({each.table for each in KEPT}) == len(KEPT)
    assert [each.table for each in KEPT if not (each.about and each.kept)] == []


def test_every_task_that_is_to_forget_runs_by_the_clock() -> None:
    import_all(jobs_package)
    scheduled = set(celery.conf.beat_schedule)
    assert [each.table for each in KEPT if each.by and each.by not in scheduled] == []


@pytest.mark.usefixtures("town")
def test_what_is_a_persons_is_exported_or_says_why_not() -> None:
    assert len(PERSONAL_DATA.get()) == 5
    persons = [each for each in KEPT if each.whose is Whose.PERSON]
    assert [each.table for each in persons if not each.section and "not exported" not in each.about] == []
