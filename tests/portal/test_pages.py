"""Every page in every state is accessible, fits its screen and keeps to its budget; `--pictures FOLDER` keeps its looks."""

import itertools
import os
import zlib
from pathlib import Path
from typing import Final

import pytest

from tests.portal.scenes import SCENES, Stage
from tests.support.browser import PHONE_AGENT, NewVisit

LOOKS: Final = list(itertools.product(("zh-CN", "en"), (390, 1280), ("light", "dark")))


def combinations() -> list[tuple[str, str, int, str]]:
    """One look per scene, rotated by its name; all of them in `make test-all`."""
    return [
        (name, *LOOKS[place])
        for name in SCENES
        for place in (range(8) if os.environ.get("WATTLINE_TESTS") == "all" else [zlib.crc32(name.encode()) % 8])
    ]


@pytest.mark.parametrize(("name", "locale", "width", "scheme"), combinations())
def test_every_page_is_accessible_and_fits(
    visit: NewVisit, pytestconfig: pytest.Config, name: str, locale: str, width: int, scheme: str
) -> None:
    visitor = visit(
        locale=locale,
        width=width,
        scheme=scheme,
        device_scale_factor=1,
        **({"user_agent": PHONE_AGENT, "has_touch": True, "is_mobile": True} if width < 600 else {}),
    )
    SCENES[name](Stage(visitor))
    folder = pytestconfig.getoption("--pictures")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        visitor.page.screenshot(path=Path(folder, f"{name}.{locale}.{width}.{scheme}.png"), full_page=True)
