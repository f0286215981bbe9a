"""A message is read when somebody sees it, and not because a machine has fetched its page."""

import pytest

from tests.portal.scenes import SCENES, Stage
from tests.support.browser import NewVisit

BUTTON = "#read button"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_message_that_is_seen_is_read(visit: NewVisit, *, scripts: bool) -> None:
    visitor = visit(locale="en", scripts=scripts)
    SCENES["inbox"](Stage(visitor))
    page = visitor.page
    assert page.locator("main .unread").count() == 3
    page.click("main .rows a >> nth=0")
    page.wait_for_selector("article")
    if not scripts:
        assert "3" in page.inner_text(".top .dot")
        page.click(BUTTON)
    page.wait_for_selector(BUTTON, state="detached")
    page.wait_for_selector(".top .dot:has-text('2')")
    visitor.open("/inbox")
    assert page.locator("main .unread").count() == 2


def test_a_page_that_is_only_fetched_marks_nothing(visit: NewVisit) -> None:
    visitor = visit(locale="en")
    SCENES["inbox"](Stage(visitor))
    addresses = [link.get_attribute("href") for link in visitor.page.locator("main .rows a").all()]
    for address in addresses:
        fetched = visitor.context.request.get(f"{visitor.deployment.url}{address}", headers={"sec-purpose": "prefetch"})
        assert fetched.status == 200
    visitor.page.reload()
    assert visitor.page.locator("main .unread").count() == len(addresses)


def test_a_mark_that_failed_leaves_the_button(visit: NewVisit) -> None:
    visitor = visit(locale="en")
    SCENES["inbox"](Stage(visitor))
    page = visitor.page
    page.route("**/inbox/*/read", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.click("main .rows a >> nth=0")
    page.wait_for_selector(BUTTON, state="visible")
    page.unroute("**/inbox/*/read")
    page.click(BUTTON)
    page.wait_for_selector(BUTTON, state="detached")
