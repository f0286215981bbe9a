"""Another day, month or year changes a part of the page of usage where scripts run, and is a page where they do not."""

from typing import Any

import lxml.html

from tests.portal.scenes import Stage
from tests.portal.usage_scenes import usage_month
from tests.support.browser import NewVisit


def test_another_month_comes_without_the_page_and_the_way_back_is_one(glance: NewVisit) -> None:
    visitor = glance(locale="en")
    usage_month(Stage(visitor))
    page = visitor.page
    first, address = page.title(), page.url
    heading, files = page.inner_text("#stretch"), page.get_attribute("#more a[download]", "href")
    page.evaluate("window.kept = true")
    page.focus("#shown [rel=prev]")
    page.keyboard.press("Enter")
    page.wait_for_function("told => document.getElementById('stretch').innerText !== told", arg=heading)
    assert page.evaluate("[window.kept, document.activeElement.rel]") == [True, "prev"]
    earlier = page.inner_text("#stretch")
    assert page.title() != first
    assert page.get_attribute("#more a[download]", "href") != files
    assert (page.url != address, page.locator("#main .card").count() > 3) == (True, True)
    page.click("#shown .switches a >> text=A day")
    page.wait_for_selector("#shown .switches a[aria-current]:has-text('A day')")
    assert page.evaluate("window.kept")
    whole = page.inner_text("#shown")
    page.reload()
    assert page.inner_text("#shown") == whole, "the address is that of what is shown"
    for before in (earlier, heading):
        page.evaluate("history.back()")
        page.wait_for_function("told => document.getElementById('stretch')?.innerText === told", arg=before)


def test_a_script_is_given_the_part_alone_and_it_is_that_of_the_page(glance: NewVisit) -> None:
    visitor = glance(locale="en")
    usage_month(Stage(visitor))
    request = visitor.context.request
    address = visitor.page.url.partition("?")[0] + "?of=year"
    part = request.get(address, headers={"HX-Request": "true"})
    whole = request.get(address)
    assert "<main" not in part.text()
    assert len(part.body()) < len(whole.body()) / 1.3

    def shown(html: str) -> str:
        found: Any = lxml.html.fromstring(f"<div>{html}</div>").xpath("//*[@id='shown']")
        return str(lxml.html.tostring(found[0], encoding="unicode")).strip()

    assert shown(part.text()) == shown(whole.text())
