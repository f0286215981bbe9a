"""Every page of the console in every state is accessible and fits its screen, in both languages, on a desk and a tablet.

A scene is looked at in one combination of language, width and scheme, in all of them by `make test-all`.
"""

import itertools
from typing import Final

import pytest

import tests.portal.file_scenes
import tests.portal.kept_scenes
import tests.portal.webhook_scenes  # noqa: F401 -- all add their scenes
from tests.portal.staff_scenes import SCENES, Desk
from tests.portal.test_pages import NARROWEST, expect_said_first, faint, judges_contrast, too_small, violations
from tests.support.browser import NewVisit, keep_picture
from tests.support.thorough import share

LOOKS: Final = list(itertools.product(("zh-CN", "en"), (1280, 768), ("light", "dark")))


def combinations() -> list[tuple[str, str, int, str]]:
    """One look per scene, rotated by its name; all of them in `make test-all`."""
    return [(name, *look) for name in SCENES for look in share(name, LOOKS, parts=len(LOOKS))]


@pytest.mark.parametrize(("name", "locale", "width", "scheme"), combinations())
def test_every_page_of_the_console_is_accessible_fits_and_says_first_what_is_wrong(
    glance: NewVisit, pytestconfig: pytest.Config, name: str, locale: str, width: int, scheme: str
) -> None:
    visitor = glance(locale=locale, width=width, scheme=scheme)
    SCENES[name](Desk(visitor))
    page = visitor.page
    keep_picture(page, pytestconfig, f"{name}.{locale}.{width}.{scheme}.png")
    assert page.get_attribute("html", "lang") == locale
    assert page.locator("h1").count() == 1
    if name.endswith("_wrong"):
        expect_said_first(page)
    assert violations(page, with_contrast=judges_contrast(name)) == []
    assert faint(page, scheme=scheme) == []
    assert too_small(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST
