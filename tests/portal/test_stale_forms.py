"""Two tabs with the same form: what was sent second undoes nothing unseen, and nothing that was typed is lost."""

import html
import re

from services.accounts.roles import StaffRole
from tests.support.office import HERE, PUBLIC_URL, office_of
from tests.support.town import Town


def told_and_untold(town: Town, path: str, first: dict[str, str], second: dict[str, str]) -> tuple[str, str]:
    """Two tabs open a page; the first is kept, the second refused: its answer, and that after it is sent again."""
    office = office_of(town)
    with town.runtime.db.write() as session:
        member = office.employ(session, StaffRole.ADMIN, HERE)
    headers = {**office.browser(member), "accept-language": "en"}
    town.client.cookies.clear()

    def version(page: str) -> str:
        found = re.search(r'name="version" value="([0-9a-f]+)"', page)
        assert found is not None
        return found[1]

    def send(typed: dict[str, str], seen: str) -> tuple[int, str]:
        form = {"csrf": office.form_token(member), "version": seen, **typed}
        answer = town.client.post(path, data=form, headers=headers, follow_redirects=False)
        return answer.status_code, html.unescape(answer.text)

    opened = version(town.client.get(path, headers=headers).text)
    assert send(first, opened)[0] == 303
    status, refused = send(second, opened)
    assert status == 409
    assert send(second, version(refused))[0] == 303
    return refused, html.unescape(town.client.get(path, headers=headers).text)


def test_a_stale_tab_is_told_what_an_endpoint_is_by_now(town: Town) -> None:
    path = f"/staff/webhooks/{office_of(town).hook('own')}/change"
    form = {"url": PUBLIC_URL, "events": "bill.issued"}
    refused, after = told_and_untold(town, path, {**form, "name": "Name A"}, {**form, "name": "Name B"})
    assert "there now: Name A, yours: Name B" in refused
    assert 'value="Name B"' in refused
    assert 'value="Name B"' in after


def test_a_stale_tab_takes_no_details_away(town: Town) -> None:
    path = f"/staff/gaps/{town.house.account_no}"
    first = {"solar": "yes", "contact_by": "phone", "email": "first@example.com"}
    refused, after = told_and_untold(town, path, first, {"household_size": "3", "solar": "no"})
    assert re.search(r"E-mail – there now: f[^@]*\*[^@]*@[^,]+, yours: left as it is", refused)
    assert "Solar power – there now: Yes, yours: No" in refused
    assert "Contact wish – there now: Call, yours: Not said" in refused
    assert re.search(r'id="household_size"[^>]*value="3"', refused)
    assert re.search(r'id="household_size"[^>]*value="3"', after)
