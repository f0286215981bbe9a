"""The life of a version: drafted from a document, proposed by one, published by another, ended by its successor."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import pytest

from core import faults
from core.db import Database
from core.errors import Refusal
from core.periods import Period
from services.accounts.errors import UnitUnknown
from services.casework import operations as casework
from services.casework.errors import OwnRequest, RequestUnknown
from services.tariffs import operations, queries
from services.tariffs.errors import (
    BeginsInPast,
    TariffInvalid,
    TariffTaken,
    TariffUnknown,
    TariffWrong,
    VersionChanged,
    VersionDatesWrong,
    VersionFixed,
    VersionsOverlap,
)
from services.tariffs.models import TariffClass, VersionState
from services.tariffs.queries import VersionView
from tests.factories.staff import ACTOR, NOON
from tests.factories.tariffs import FLAT
from tests.services.tariffs.conftest import TODAY, Office

SOON: Final = date(2026, 11, 1)
YEAR: Final = date(2027, 1, 1)
DEARER: Final = {**FLAT, "energy": {"lines": "per_tier", "prices": {"all": "0.6"}}}


def look(office: Office, version: VersionView) -> VersionView:
    with office.db.read() as session:
        found = queries.version(session, code=version.tariff_code, version_no=version.version_no)
    assert found is not None
    return found


def events(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return list(session.sql("select payload from outbox where kind = 40 order by id").scalars())


def test_a_version_is_proposed_by_one_and_published_by_another(office: Office) -> None:
    version = office.draft(valid_from=SOON)
    assert (version.version_no, version.state, version.periods) == (1, VersionState.DRAFT, ("all",))
    request_id = office.propose(version)
    assert look(office, version).state is VersionState.PROPOSED
    with pytest.raises(OwnRequest):
        office.approve(request_id, by="edits")
    office.approve(request_id)
    assert look(office, version).state is VersionState.PUBLISHED
    told = {"version_id": version.id, "tariff_code": "RES", "valid_from": "2026-11-01", "valid_to": None}
    assert events(office.db) == [{**told, "ended_id": None}]
    with office.db.read() as session:
        days = session.sql(
            "select min(day), max(day), count(*) from tariff_day where version_id = :id", id=version.id
        ).one()
        acts = (
            session.sql("select act from audit where subject = :it order by id", it=f"tariff_version:{version.id}")
            .scalars()
            .all()
        )
    last = TODAY + timedelta(days=399)
    assert tuple(days) == (SOON, last, (last - SOON).days + 1)
    assert acts == ["tariffs.drafted", "tariffs.proposed", "tariffs.published"]


def test_a_right_in_one_unit_is_none_over_tariffs(office: Office) -> None:
    version = office.draft(valid_from=SOON)
    with pytest.raises(UnitUnknown):
        office.propose(version, by="in one city")
    request_id = office.propose(version)
    with pytest.raises(RequestUnknown):
        office.approve(request_id, by="in one city")


def test_its_successor_ends_a_version_on_the_day_on_which_it_begins(office: Office) -> None:
    first, second = office.publish(valid_from=SOON), office.publish(valid_from=YEAR, document=DEARER)
    with office.db.read() as session:
        in_force = queries.versions(session, code="RES", period=Period(SOON, date(2028, 1, 1)))
        assert [(each.id, each.valid_from, each.valid_to) for each in in_force] == [
            (first.id, SOON, YEAR),
            (second.id, YEAR, None),
        ]
        on = [queries.version_on(session, code="RES", on=day) for day in (SOON - timedelta(days=1), SOON, YEAR)]
        assert [each and each.id for each in on] == [None, first.id, second.id]
        assert queries.tariff_of(session, version_id=second.id).prices["all"] == queries.parse(DEARER).prices["all"]
        left = session.sql("select max(day) from tariff_day where version_id = :id", id=first.id).scalar_one()
    assert left == YEAR - timedelta(days=1)
    assert events(office.db)[1]["ended_id"] == first.id


def test_one_that_is_replaced_on_the_day_it_begins_never_holds(office: Office) -> None:
    first, second = office.publish(valid_from=YEAR), office.publish(valid_from=YEAR, document=DEARER)
    with office.db.read() as session:
        found = queries.versions(session, code="RES", period=Period(SOON, date(2028, 1, 1)))
        assert [each.id for each in found] == [second.id]
        assert session.sql("select count(*) from tariff_day where version_id = :id", id=first.id).scalar_one() == 0
    assert look(office, first).is_void


@pytest.mark.parametrize("how", ["refused", "withdrawn", "expired", "expired unnoticed"])
def test_what_nobody_approves_is_a_draft_again(office: Office, how: str) -> None:
    version = office.draft(valid_from=YEAR)
    request_id = office.propose(version)
    late = NOON + timedelta(hours=72)
    with office.db.write() as session:
        if how == "refused":
            by = office.staff["approves"]
            casework.refuse(session, request_id=request_id, by=by, why="Too dear.", actor=ACTOR, now=NOON)
        elif how == "withdrawn":
            casework.withdraw(session, request_id=request_id, by=office.staff["edits"], actor=ACTOR, now=NOON)
        elif how == "expired":
            assert casework.expire_old(session, now=late) == 1
    if how != "expired unnoticed":
        assert look(office, version).state is VersionState.DRAFT
    changed = edit(office, look(office, version), now=late) if "unnoticed" not in how else None
    if changed is None:
        with office.db.write() as session:
            operations.withdraw(session, version_id=version.id, revision=3, actor=ACTOR, now=late)
        assert look(office, version).state is VersionState.WITHDRAWN
        return
    office.approve(office.propose(changed, now=late), now=late)
    assert look(office, version).state is VersionState.PUBLISHED


def edit(
    office: Office, version: VersionView, *, revision: int | None = None, now: Any = NOON, **other: Any
) -> VersionView:
    with office.db.write() as session:
        return operations.edit(
            session,
            version_id=version.id,
            revision=version.revision if revision is None else revision,
            **{"valid_from": version.valid_from, "valid_to": None, "document": DEARER, "note": "Dearer.", **other},
            zone=office.zone,
            actor=ACTOR,
            now=now,
        )


def test_of_two_who_edit_a_draft_the_later_is_told(office: Office) -> None:
    version = office.draft(valid_from=SOON)
    changed = edit(office, version)
    assert (changed.revision, changed.note) == (version.revision + 1, "Dearer.")
    with pytest.raises(VersionChanged):
        edit(office, version)
    with pytest.raises(VersionChanged):
        office.propose(version)


def test_what_is_proposed_or_published_is_not_edited(office: Office) -> None:
    version = office.draft(valid_from=SOON)
    request_id = office.propose(version)
    for _ in range(2):
        with pytest.raises(VersionFixed):
            edit(office, look(office, version))
        if look(office, version).state is VersionState.PROPOSED:
            office.approve(request_id)
    with pytest.raises(VersionFixed), office.db.write() as session:
        operations.withdraw(
            session, version_id=version.id, revision=look(office, version).revision, actor=ACTOR, now=NOON
        )


def test_who_withdraws_what_is_proposed_takes_the_decision_away(office: Office) -> None:
    version = office.draft(valid_from=SOON)
    request_id = office.propose(version)
    with office.db.write() as session:
        operations.withdraw(
            session, version_id=version.id, revision=look(office, version).revision, actor=ACTOR, now=NOON
        )
    with pytest.raises(Refusal):
        office.approve(request_id)
    assert look(office, version).state is VersionState.WITHDRAWN
    assert office.draft(valid_from=SOON).version_no == 2


def test_only_a_correction_begins_in_the_past(office: Office) -> None:
    past = TODAY - timedelta(days=40)
    first = office.publish(valid_from=TODAY - timedelta(days=400), is_correction=True)
    version = office.draft(valid_from=past, document=DEARER)
    with pytest.raises(BeginsInPast):
        office.propose(version)
    office.approve(office.propose(version, is_correction=True))
    assert look(office, first).valid_to == past
    assert events(office.db)[-1]["valid_from"] == past.isoformat()
    with office.db.read() as session:
        assert queries.day_of(session, version_id=version.id, day=past) == (1,) * 96


def test_a_day_that_came_meanwhile_is_past_when_the_other_approves(office: Office) -> None:
    request_id = office.propose(office.draft(valid_from=TODAY + timedelta(days=1)))
    with pytest.raises(BeginsInPast):
        office.approve(request_id, now=NOON + timedelta(days=2))


def test_a_version_that_is_ended_is_not_cut_by_one_that_is_no_correction(office: Office) -> None:
    office.publish(valid_from=SOON)
    office.publish(valid_from=YEAR)
    between = office.draft(valid_from=SOON + timedelta(days=10), valid_to=YEAR)
    with pytest.raises(VersionsOverlap) as refused:
        office.propose(between)
    assert refused.value.facts == {"version_no": 1}


def test_what_is_ended_already_is_corrected_up_to_the_day_on_which_its_successor_begins(office: Office) -> None:
    first, second = office.publish(valid_from=SOON), office.publish(valid_from=YEAR)
    since = SOON + timedelta(days=10)
    for end in (None, YEAR - timedelta(days=1), YEAR + timedelta(days=1)):
        with pytest.raises(VersionsOverlap):
            office.propose(office.draft(valid_from=since, valid_to=end, document=DEARER), is_correction=True)
    correction = office.publish(valid_from=since, valid_to=YEAR, document=DEARER, is_correction=True)
    again = office.publish(valid_from=since + timedelta(days=5), valid_to=YEAR, is_correction=True)
    whole = office.publish(valid_from=SOON, valid_to=since, is_correction=True)
    with office.db.read() as session:
        held = queries.versions(session, code="RES", period=Period(SOON, date(2028, 1, 1)))
        assert [(each.id, each.valid_from, each.valid_to) for each in held] == [
            (whole.id, SOON, since),
            (correction.id, since, since + timedelta(days=5)),
            (again.id, since + timedelta(days=5), YEAR),
            (second.id, YEAR, None),
        ]
        made = session.sql(
            """select version_id, min(day), max(day) + 1 from tariff_day where day < :end and version_id <> :second
               group by version_id order by 2""",
            end=YEAR,
            second=second.id,
        ).all()
    assert [tuple(row) for row in made] == [(each.id, each.valid_from, each.valid_to) for each in held[:3]]
    assert look(office, first).is_void


def test_a_version_that_leaves_no_version_behind_it_says_so_to_who_decides(office: Office) -> None:
    office.publish(valid_from=SOON)
    special = office.draft(valid_from=YEAR, valid_to=date(2027, 2, 1))
    request_id = office.propose(special)

    def told() -> tuple[bool, object]:
        with office.db.read() as session:
            asked = session.sql("select payload from approval_request where id = :id", id=request_id).scalar_one()
            return queries.leaves_gap(session, version=special), asked["nothing_from"]

    assert told() == (True, "2027-02-01")
    office.approve(request_id)
    assert told()[0]
    office.publish(valid_from=date(2027, 2, 1))
    assert not told()[0]


def test_a_special_price_between_two_versions_leaves_no_gap(office: Office) -> None:
    office.publish(valid_from=SOON)
    after = office.publish(valid_from=date(2027, 2, 1))
    special = office.publish(valid_from=YEAR, valid_to=after.valid_from, document=DEARER, is_correction=True)
    with office.db.read() as session:
        assert not queries.leaves_gap(session, version=special)
        on = [queries.version_on(session, code="RES", on=day) for day in (YEAR, after.valid_from)]
    assert [each and each.id for each in on] == [special.id, after.id]


def test_of_two_that_are_published_at_the_same_moment_one_holds(office: Office) -> None:
    days = (SOON, SOON + timedelta(days=7))
    asked = [office.propose(office.draft(valid_from=day, valid_to=YEAR)) for day in days]
    both, came = threading.Barrier(2), list[str]()

    def approve(at: int) -> None:
        both.wait()
        try:
            office.approve(asked[at], by=("approves", "also approves")[at])
            came.append("published")
        except VersionsOverlap as refusal:
            came.append(refusal.code)

    threads = [threading.Thread(target=approve, args=(at,)) for at in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(came) == ["published", "versions_overlap"]
    with office.db.read() as session:
        assert len(queries.versions(session, code="RES", period=Period(SOON, YEAR))) == 1


@pytest.mark.parametrize("point", ["tariffs.publish.ended", "tariffs.publish.before_commit"])
def test_an_approval_that_is_killed_leaves_nothing_half(office: Office, point: str) -> None:
    class Killed(BaseException):
        """No handler sees it, as none sees a killed process."""

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    first = office.publish(valid_from=SOON)
    version = office.draft(valid_from=YEAR)
    request_id = office.propose(version)
    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            office.approve(request_id)
    finally:
        faults.arm(None)
    assert (look(office, first).valid_to, look(office, version).state) == (None, VersionState.PROPOSED)
    with office.db.read() as session:
        assert session.sql("select count(*) from tariff_day where version_id = :id", id=version.id).scalar_one() == 0
    assert len(events(office.db)) == 1
    office.approve(request_id)
    assert look(office, first).valid_to == YEAR


WRONG: Final[dict[str, tuple[Callable[[], object], str, str]]] = {
    "another currency": (lambda: {**FLAT, "currency": "USD"}, "$.currency", "currency_differs"),
    "another zone": (lambda: {**FLAT, "time_zone": "Europe/Berlin"}, "$.time_zone", "zone_differs"),
    "no number": (
        lambda: {**FLAT, "energy": {"lines": "per_tier", "prices": {"all": "NaN"}}},
        "$.energy.prices.all",
        "not_a_number",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_document_is_no_draft_and_says_where_it_is_wrong(office: Office, what: str) -> None:
    document, path, code = WRONG[what]
    with pytest.raises(TariffInvalid) as refused:
        office.draft(valid_from=SOON, document=document())
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [(path, code)]
    with office.db.read() as session:
        assert queries.versions_page(session, code="RES", limit=9) == []


def test_a_draft_needs_a_tariff_and_days_in_order(office: Office) -> None:
    with pytest.raises(TariffUnknown):
        office.draft(valid_from=SOON, code="NONE")
    for first, end in ((SOON, SOON), (YEAR, SOON), (date(1, 1, 1), None)):
        with pytest.raises(VersionDatesWrong):
            office.draft(valid_from=first, valid_to=end)
    with pytest.raises(TariffTaken), office.db.write() as session:
        operations.create_tariff(
            session, code="RES", name="Again", tariff_class=TariffClass.ANY, currency="CNY", actor=ACTOR, now=NOON
        )


def test_the_name_of_a_tariff_is_seen_as_it_stands(office: Office) -> None:
    with pytest.raises(TariffWrong) as refused, office.db.write() as session:
        operations.create_tariff(
            session,
            code="SHOP",
            name="Shops\u202epohs",
            tariff_class=TariffClass.ANY,
            currency="CNY",
            actor=ACTOR,
            now=NOON,
        )
    assert refused.value.facts == {"field": "name"}


def test_lists_show_what_holds_and_what_comes(office: Office) -> None:
    office.publish(valid_from=TODAY)
    office.publish(valid_from=YEAR)
    office.draft(valid_from=YEAR)
    with office.db.read() as session:
        shown = queries.tariffs(session, on=TODAY, limit=10)
        assert [(each.code, each.in_force_no, each.next_no, each.next_from, each.drafts) for each in shown] == [
            ("RES", 1, 2, YEAR, 1)
        ]
        assert shown[0] == queries.tariff_named(session, code="RES", on=TODAY)
        page = queries.versions_page(session, code="RES", limit=2)
        assert [each.version_no for each in page] == [3, 2]
        assert [each.version_no for each in queries.versions_page(session, code="RES", limit=2, before_no=2)] == [1]
        assert page[0].periods == ("all",)
