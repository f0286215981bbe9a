"""Every page in every state is accessible, fits its screen and says first what is wrong; `--pictures FOLDER` keeps how it looks.

A scene is looked at in one combination of language, width and scheme, in all of them by `make test-all`.
"""

import itertools
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

import tests.portal.console_scenes
import tests.portal.energy_scenes
import tests.portal.groups_scenes
import tests.portal.import_scenes
import tests.portal.people_scenes
import tests.portal.quality_scenes
import tests.portal.reading_scenes
import tests.portal.tariff_scenes
import tests.portal.usage_scenes
import tests.portal.wechat_scenes  # noqa: F401 -- all of them add their scenes
from tests.portal.scenes import SCENES, Stage
from tests.support.browser import PHONE, NewVisit, keep_picture
from tests.support.thorough import share

LOOKS: Final = list(itertools.product(("zh-CN", "en"), (390, 1280), ("light", "dark")))
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
CONTRAST: Final = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NARROWEST: Final = 320
"""1280 px at a zoom of 400 % (WCAG 2.2, 1.4.10)."""

WRONG: Final = {"zh-CN": "错误：", "en": "Error: "}
TARGET: Final = 44
TARGETS: Final = (
    ".button, .tab, .bar a, .ghost, .choice, .switcher summary, .row[href], input[type=text], input[type=tel], "
    "input[type=date]"
)


def combinations() -> list[tuple[str, str, int, str]]:
    """One look per scene, rotated by its name; all of them in `make test-all`."""
    return [(name, *look) for name in SCENES for look in share(name, LOOKS, parts=len(LOOKS))]


@pytest.mark.parametrize(("name", "locale", "width", "scheme"), combinations())
def test_every_page_is_accessible_fits_and_says_first_what_is_wrong(
    glance: NewVisit, pytestconfig: pytest.Config, name: str, locale: str, width: int, scheme: str
) -> None:
    visitor = glance(locale=locale, width=width, scheme=scheme, **(PHONE if width < 600 else {}))
    SCENES[name](Stage(visitor))
    page = visitor.page
    keep_picture(page, pytestconfig, f"{name}.{locale}.{width}.{scheme}.png")
    assert page.get_attribute("html", "lang") == locale
    assert page.locator("h1").count() == 1
    if name.endswith("_wrong"):
        assert page.locator("main > :first-child:is(.summary), main > .back + .summary").count() == 1
        expect_said_first(page)
    if width < 600:
        # As high as the page: what only lies below the bar at the bottom until one scrolls is no overlap.
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight") + 80})
    assert violations(page, with_contrast=judges_contrast(name)) == []
    assert faint(page, scheme=scheme) == []
    assert too_small(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST


def test_pale_texts_are_found(visit: NewVisit) -> None:
    page = visit(bypass_csp=True).open("/sign-in")
    assert faint(page, scheme="light") == []
    pale = """<p style="color: #888; background: white">x</p>
        <p style="color: #888; background: white; font-size: 24px">large</p>
        <p style="background: white; color: black"><span style="opacity: .4">x</span></p>
        <p style="background: black"><span style="background: rgb(255 255 255 / 90%); color: #fff">x</span></p>
        <p style="background: white"><button disabled style="color: #ccc">x</button></p>"""
    page.evaluate("html => { document.querySelector('main').innerHTML = html }", pale)
    assert [text.partition(":")[0] for text in faint(page, scheme="dark")] == ["dark"] * 3 + ["light"] * 3


def test_what_was_typed_stays_when_something_is_wrong(glance: NewVisit) -> None:
    visitor = glance(locale="zh-CN")
    SCENES["link_wrong"](Stage(visitor))
    kept = {name: visitor.page.input_value(f"#{name}") for name in ("account_no", "name_character", "proof_value")}
    assert kept == {"account_no": "3201000009", "name_character": "王", "proof_value": "12.30"}
    SCENES["pay_wrong"](Stage(visitor))
    assert visitor.page.input_value("#amount") == "12,3x"


def test_each_missing_answer_is_asked_for_at_its_own_field(glance: NewVisit) -> None:
    visitor = glance(locale="en")
    SCENES["link_first"](Stage(visitor))
    visitor.page.click("main form button[type=submit]")
    visitor.page.wait_for_selector("#summary")
    addresses = [link.get_attribute("href") for link in visitor.page.locator("#summary a").all()]
    assert addresses == ["#account_no", "#name_character", "#proof_value"]


def test_chinese_has_glyphs(glance: NewVisit) -> None:
    visitor = glance(locale="zh-CN")
    visitor.open("/sign-in")
    drawn = visitor.page.evaluate(
        """() => ["电", "缴", "\\u0378"].map((character) => {
          const canvas = document.createElement("canvas");
          const pen = canvas.getContext("2d");
          pen.font = "64px " + getComputedStyle(document.body).fontFamily;
          pen.fillText(character, 40, 90);
          return canvas.toDataURL();
        })"""
    )
    assert len(set(drawn)) == len(drawn), "characters look alike: they are the sign for a missing glyph"


def expect_said_first(page: Page) -> None:
    """What is wrong stands in the title and at the top, has the focus, and each part of it leads to its field."""
    assert page.title().startswith(WRONG[page.get_attribute("html", "lang") or ""])
    assert page.evaluate("document.activeElement.id") == "summary"
    told = page.locator("#summary a").all()
    assert told
    for link in told:
        field = page.locator((link.get_attribute("href") or "") + "[aria-invalid=true]")
        described = page.locator("#" + " , #".join((field.get_attribute("aria-describedby") or "").split()))
        assert link.inner_text() in described.all_inner_texts(), "the words by the field differ"
    told[0].click()
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


def judges_contrast(name: str) -> bool:
    """Whether axe judges it on this scene too: that takes three quarters of its time, and `faint` does it everywhere."""
    return bool(share(f"contrast of {name}", (True, *[False] * 3), parts=4)[0])


def violations(page: Page, *, with_contrast: bool) -> list[str]:
    """What axe finds."""
    page.evaluate(AXE_SCRIPT)
    # Without its own loading of style sheets, which only rules beyond these tags need: a third of the time.
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "rules": {"color-contrast": {"enabled": with_contrast}},
        "resultTypes": ["violations"],
        "preload": False,
    }
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def faint(page: Page, *, scheme: str) -> list[str]:
    """Texts that are too pale, in the page's own scheme and then in the other, which it keeps."""
    found = [f"{scheme}: {text}" for text in page.evaluate(CONTRAST)]
    for other in (each for each in SCHEMES if each != scheme):
        page.emulate_media(color_scheme=other)
        found += [f"{other}: {text}" for text in page.evaluate(CONTRAST)]
    return found


def too_small(page: Page) -> list[str]:
    """What a finger misses."""
    found: list[str] = page.evaluate(
        """([targets, least]) => [...document.querySelectorAll(targets)]
             .map((element) => [element, element.getBoundingClientRect()])
             .filter(([, box]) => box.width > 0 && box.height < least)
             .map(([element, box]) => `${element.outerHTML.slice(0, 120)} is ${box.height} high`)""",
        [TARGETS, TARGET],
    )
    return found
