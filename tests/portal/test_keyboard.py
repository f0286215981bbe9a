"""With a keyboard alone: every control is reached, in order, seen when it is reached, and hidden behind nothing."""

from typing import Any

import pytest

from tests.portal.scenes import SCENES, Stage
from tests.support.browser import NewVisit

CONTROLS = """[...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary")]
  .filter((each) => each.checkVisibility() && (each.type !== "radio" || each.checked))"""
FOCUSED = f"""() => {{
  const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
  return {{
    place: {CONTROLS}.indexOf(element),
    text: element.outerHTML.slice(0, 100),
    isSeen: element.contains(hit) || !!hit?.contains(element),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
  }};
}}"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["home_overdue", "pay", "bills", "me"])
def test_tab_reaches_every_control_in_order_and_shows_where_it_is(glance: NewVisit, name: str, width: int) -> None:
    visitor = glance(width=width)
    SCENES[name](Stage(visitor))
    page = visitor.page
    wanted: int = page.evaluate(f"{CONTROLS}.length")
    steps: list[dict[str, Any]] = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        steps.append(page.evaluate(FOCUSED))
    assert [step["place"] for step in steps] == list(range(wanted))
    assert [step["text"] for step in steps if step["outline"] < 2] == []
    assert [step["text"] for step in steps if not step["isSeen"]] == []


def test_the_first_stop_skips_to_the_content(glance: NewVisit) -> None:
    visitor = glance()
    SCENES["home_overdue"](Stage(visitor))
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_escape_closes_the_account_switcher_and_gives_the_focus_back(glance: NewVisit) -> None:
    visitor = glance()
    SCENES["switcher"](Stage(visitor))
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.switcher') !== null")
    page.keyboard.press("Escape")
    assert page.locator(".switcher[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
