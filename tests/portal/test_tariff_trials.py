"""What is too much to compare at once staff ask for and come back to: alone, with a file of every account."""

import re
from datetime import timedelta

import pytest

from core import clock
from portal.staff import tariff_dry_run
from services.usage import flows
from services.usage import operations as usage
from tests.factories.accounts import make_account
from tests.factories.usage import bind, days_of, put_readings
from tests.portal.test_tariff_console import Desk
from tests.support.metered import ONE_PRICE, ZONE, offer
from tests.support.office import HERE
from tests.support.town import Town


def test_a_version_is_tried_on_all_accounts_behind_a_page_that_is_its_askers_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tariff_dry_run, "MOST", 1)
    end = clock.now().date().replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    numbers = []
    with town.runtime.db.write() as session:
        code = offer(session, ONE_PRICE, first=first, end=end)
        unit_id = session.sql("select id from unit where code = :code", code=HERE).scalar_one()
        for _ in range(2):
            account = make_account(session, town.runtime.vault, unit_id=unit_id)
            bind(session, account.id, code)
            put_readings(session, account.id, dict.fromkeys(days_of(first, end), [2_000_000] * 24), minutes=60)
            usage.aggregate(session, months={first: [account.id]}, zone=ZONE)
            numbers.append(account.account_no)
    desk, at = Desk(town, "here"), f"/staff/tariffs/{code}/1"
    page = desk.get(f"{at}/dry-run?unit={HERE}&month={first:%Y-%m}&of=all")
    assert f'action="{at}/dry-runs"' in page
    form = {"unit": HERE, "month": f"{first:%Y-%m}", "once": "a" * 32}
    (status, where), again = desk.send(f"{at}/dry-runs", **form), desk.send(f"{at}/dry-runs", **form)
    assert status == 303
    assert re.fullmatch(f"{re.escape(at)}/dry-runs/[0-9a-f-]{{36}}", where)
    assert again == (303, where), "sent twice it is one"
    assert "0 of 2 accounts are compared." in desk.get(where)
    assert f'href="{where}"' in desk.get(f"{at}/dry-run"), "one finds it again"
    flows.compare_all(town.runtime.db, zone=ZONE, now=clock.now, is_over=lambda: False)
    page = desk.get(where)
    shown = re.search(r'aria-label="Largest changes".*?</table>', page, re.DOTALL)
    assert shown is not None
    assert set(re.findall(r"/staff/accounts/(\w+)", shown[0])) == set(numbers)
    assert Desk(town, "top").send(f"{where}/export", once="b" * 32)[0] == 404
    assert desk.send(f"{where}/export", once="b" * 32) == (303, "/staff/files")
    files = desk.get("/staff/files")
    file_id = re.findall(r"/staff/files/([0-9a-f-]{36})/content", files)[0]
    status, text = desk.send(f"/staff/files/{file_id}/content")
    assert status == 200
    minor = round(48 * (end - first).days * 0.66286875 * 100)
    head, *rows = text.removeprefix("\ufeff").splitlines()
    assert head == "account_no,class,before_minor,after_minor,difference_minor,currency,not_priced_by,why"
    assert sorted(rows) == sorted(f"{no},residential,{minor},{minor},0,CNY,," for no in numbers)
