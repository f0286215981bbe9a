"""A browser is told in pages what an app is told in JSON."""

from tests.portal.scenes import SCENES, Stage
from tests.support.browser import NewVisit


def test_an_address_with_a_part_of_the_wrong_form_is_nobodys(glance: NewVisit) -> None:
    visitor = glance(locale="en")
    SCENES["home_due"](Stage(visitor))
    answer = visitor.page.goto(f"{visitor.deployment.url}/inbox/not-an-id")
    assert answer is not None
    assert answer.status == 404
    assert visitor.page.inner_text("h1") == "Page not found"


def test_a_field_that_is_too_long_is_refused_with_a_page(glance: NewVisit) -> None:
    page = glance(locale="en").open("/sign-in")
    page.evaluate("document.getElementById('phone').removeAttribute('maxlength')")
    page.fill("#phone", "1" * 100)
    with page.expect_navigation() as moved:
        page.click("main button")
    assert moved.value is not None
    assert moved.value.status == 422
    assert page.inner_text("h1") == "There is a problem"
    assert page.inner_text("main").count("Some fields are wrong") == 1
    assert "Too long: write at most 64 characters." in page.inner_text("dl")
    page.click("text=Back to the page")
    page.wait_for_selector("#phone")


def test_a_bug_is_told_with_a_number_that_the_log_knows(glance: NewVisit) -> None:
    visitor = glance(locale="en")
    SCENES["broken"](Stage(visitor))
    number = visitor.page.inner_text("main .small").rpartition(" ")[2]
    log = visitor.deployment.settings.home / "web.log"
    assert number in log.read_text(encoding="utf-8")
    assert "bill_line" not in visitor.page.inner_text("body")
