"""On a tablet what one comes for is in sight: sums and acts of a wide table, and the page below a folded menu."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal.console_scenes import staff_suspense, staff_unknown_payments
from tests.portal.import_scenes import staff_imports
from tests.portal.scenes import Stage
from tests.portal.staff_scenes import Desk, staff_audit, staff_person
from tests.portal.tariff_scenes import staff_readings
from tests.support.browser import NewVisit, keep_picture

ONE_LINE, ONE_TEXT, NAME = 56, 28, 96
UNSEEN = """[...document.querySelectorAll(".sheet")].flatMap((sheet) => {
  const right = sheet.getBoundingClientRect().right;
  return [...sheet.querySelectorAll("tr > :last-child:is(.act, .end)")]
    .filter((each) => each.getBoundingClientRect().right > right + 1).map((each) => each.textContent);
})"""


@pytest.mark.parametrize("scene", [staff_suspense, staff_unknown_payments, staff_imports, staff_person])
def test_sums_and_acts_of_a_table_are_in_sight_on_a_tablet(
    glance: NewVisit, pytestconfig: pytest.Config, scene: Callable[[Any], None]
) -> None:
    visitor = glance(width=768, locale="en")
    scene(Desk(visitor) if scene is staff_person else Stage(visitor))
    page = visitor.page
    keep_picture(page, pytestconfig, f"{scene.__name__}.768.png")
    assert page.locator(".sheet :is(.act, .end):last-child").count() > 0
    assert page.evaluate(UNSEEN) == []
    heights = page.locator(".sheet .act button").evaluate_all("all => all.map((each) => each.offsetHeight)")
    assert all(height <= ONE_LINE for height in heights)
    menu = page.locator(".side summary")
    assert page.locator("main").evaluate("each => each.getBoundingClientRect().y") <= 120
    assert page.get_by_role("link", name="Approvals").count() == 0
    menu.click()
    page.get_by_role("link", name="Approvals", exact=True).click()
    page.wait_for_url("**/staff/approvals")


COVERED = """[...document.querySelectorAll(".sheet tbody tr > *")].map((cell) => [cell, cell.getBoundingClientRect()])
  .flatMap(([cell, box]) => [...cell.parentElement.children].filter((other) => other !== cell
    && other.getBoundingClientRect().left < box.right - 1 && other.getBoundingClientRect().right > box.left + 1)
    .map((other) => `${cell.textContent} lies under ${other.textContent}`))"""


def test_no_column_of_a_table_lies_over_another_on_a_telephone(glance: NewVisit) -> None:
    visitor = glance(width=390, locale="en")
    staff_person(Desk(visitor))
    assert visitor.page.evaluate(COVERED) == []
    staff_audit(Desk(visitor))
    assert visitor.page.evaluate(COVERED) == []
    widths = visitor.page.locator(".sheet td.who").evaluate_all("all => all.map((each) => each.clientWidth)")
    assert min(widths) >= NAME


def test_a_number_of_an_account_stands_in_one_line_on_a_telephone(visit: NewVisit) -> None:
    visitor = visit(width=390, locale="zh-CN")
    staff_readings(Stage(visitor))
    heights = visitor.page.locator(".sheet td.num a").evaluate_all("all => all.map((each) => each.offsetHeight)")
    assert heights
    assert max(heights) <= ONE_TEXT
