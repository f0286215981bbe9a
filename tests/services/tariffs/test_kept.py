"""What the database itself keeps of tariffs, whoever writes: versions without gaps, published ones as they are."""

from datetime import date

import psycopg
import pytest
import sqlalchemy as sa

from core.db import Database
from tests.factories.tariffs import make_draft, make_tariff, make_version, publish

CHANGES = {
    "a price": """update tariff_version set document = jsonb_set(document, '{energy,prices,all}', '"0.1"') where id = {id}""",
    "how a number is written": """update tariff_version set document = document || '{"tax": 1.10}' where id = {id}""",
    "its begin": "update tariff_version set valid_from = '2023-01-01' where id = {id}",
    "its periods": "update tariff_version set periods = '{peak}' where id = {id}",
    "its number": "update tariff_version set version_no = 7 where id = {id}",
    "its state": "update tariff_version set state = 'draft', published_at = null where id = {id}",
    "its withdrawal": "update tariff_version set state = 'withdrawn', published_at = null where id = {id}",
    "its time": "update tariff_version set published_at = now() where id = {id}",
    "nothing but the row": "update tariff_version set note = note where id = {id}",
    "that it is there": "delete from tariff_version where id = {id}",
    "that anything is there": "truncate tariff_version cascade",
    "the rule": "alter table tariff_version disable trigger keep",
    "that rules hold": "set session_replication_role = replica",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_published_stays_as_it_is_whatever_the_application_writes(database: Database, change: str) -> None:
    with database.write() as session:
        version_id = make_version(session)
    with pytest.raises((sa.exc.IntegrityError, sa.exc.ProgrammingError)), database.write() as session:
        session.connection().exec_driver_sql(CHANGES[change].replace("{id}", str(version_id)))


def test_the_end_of_a_published_version_is_brought_forward_and_never_put_back(database: Database) -> None:
    with database.write() as session:
        version_id = make_version(session, valid_from=date(2024, 1, 1))
        session.sql("update tariff_version set valid_to = '2025-01-01' where id = :id", id=version_id)
        session.sql("update tariff_version set valid_to = '2024-06-01' where id = :id", id=version_id)
    for other in ("'2024-06-01'", "'2024-06-02'", "'2025-01-01'", "'2023-12-31'", "null"):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.connection().exec_driver_sql(
                f"update tariff_version set valid_to = {other} where id = {version_id}"
            )
    with database.write() as session:
        session.sql("update tariff_version set valid_to = valid_from where id = :id", id=version_id)


def test_nothing_is_published_that_nobody_proposed_and_what_is_proposed_stays(database: Database) -> None:
    with database.write() as session:
        code = make_tariff(session)
        version_id = make_draft(session, code=code)
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        session.sql("update tariff_version set state = 'published', published_at = now() where id = :id", id=version_id)
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        session.sql(
            """insert into tariff_version (tariff_code, version_no, valid_from, document, periods, state, created_at, changed_at, published_at)
               values (:code, 1, '2024-01-01', '{}', '{}', 'published', now(), now(), now())""",
            code=code,
        )
    with database.write() as session:
        publish(session, version_id)
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        session.sql("update tariff_version set document = '{}' where id = :id", id=version_id)


def test_no_two_published_versions_of_a_tariff_hold_on_the_same_day(database: Database) -> None:
    with database.write() as session:
        make_version(session, code="A", valid_from=date(2024, 1, 1), valid_to=date(2025, 1, 1))
        make_version(session, code="A", valid_from=date(2025, 1, 1))
        make_version(session, code="B", valid_from=date(2024, 6, 1))
    with pytest.raises(sa.exc.IntegrityError) as refused, database.write() as session:
        make_version(session, code="A", valid_from=date(2024, 12, 31), valid_to=date(2025, 1, 1))
    assert isinstance(refused.value.orig, psycopg.errors.ExclusionViolation)


def test_versions_are_numbered_without_gaps_whatever_number_is_given(database: Database) -> None:
    with database.write() as session:
        code = make_tariff(session)
        for _ in range(3):
            make_draft(session, code=code)
    with database.write() as session, session.begin_nested() as taken_back:
        make_draft(session, code=code)
        taken_back.rollback()
    with database.write() as session:
        make_draft(session, code=code)
        made = session.sql("select version_no from tariff_version where tariff_code = :code order by id", code=code)
        assert made.scalars().all() == [1, 2, 3, 4]
