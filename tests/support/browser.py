"""Chromium for tests: one browser per module, one context per visitor, and what no page may ever do is watched always."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    WebError,
    expect,
    sync_playwright,
)

from app.house import Profile
from tests.conftest import Servers, cloned
from tests.factories.accounts import make_user
from tests.factories.identity import browser_session
from tests.support.deployment import Deployment, deployed
from tools import browser as programs

ARGUMENTS: Final = (
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # No page of a test lives long enough to earn back what compiling its scripts a second time costs.
    "--js-flags=--no-opt --no-maglev",
)
PATIENCE_MS: Final = 90_000
PHONE_AGENT: Final = (
    "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
)
PHONE: Final[dict[str, Any]] = {"user_agent": PHONE_AGENT, "has_touch": True, "is_mobile": True}
"""What a telephone's browser says of itself."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pictures FOLDER` keeps a picture of each page that the tests of the portal look at."""
    parser.addoption("--pictures", metavar="FOLDER", default=None, help="keep pictures of the portal's pages here")


@pytest.fixture(scope="session")
def chromium_program() -> str | None:
    """The browser's program, or None where something that its tests need is missing."""
    return None if programs.missing() else programs.chromium()


@pytest.fixture(scope="module")
def chromium(chromium_program: str | None) -> Iterator[Browser]:
    """The browser. Its driver runs an event loop in this thread, so it ends with the module."""
    if chromium_program is None:
        told = "browser tests need Chromium, its driver and a Chinese font: run `python -m tools.browser`"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_program, args=list(ARGUMENTS))
        yield launched
        launched.close()


@contextmanager
def supplier(
    servers: Servers, token_pem: str, folder: Path, *, profile: Profile = Profile.CNY, **other: object
) -> Iterator[Deployment]:
    """A deployment over a database of its own."""
    with (
        cloned(servers) as name,
        deployed(
            owner_dsn=servers.owner(name),
            app_dsn=servers.app(name),
            token_pem=token_pem,
            folder=folder,
            profile=profile,
            **other,
        ) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def deployment(servers: Servers, token_pem: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The Chinese demo supplier, started once per worker: a test takes accounts and people of its own."""
    with supplier(servers, token_pem, tmp_path_factory.mktemp("deployment")) as made:
        yield made


@dataclass
class Visit:
    """One visitor's browser: its page, and everything it asked for and complained of."""

    page: Page
    context: BrowserContext
    deployment: Deployment
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of the portal."""
        self.page.goto(self.deployment.url + path)
        return self.page

    def sign_in_as(self, phone: str) -> uuid.UUID:
        """Give this browser a session of the person with this telephone, as signing in does; answers the person."""
        with self.deployment.database.write() as session:
            person = make_user(session, self.deployment.vault, phone=phone)
            opened = browser_session(session, user_id=person)
        self.context.add_cookies([{"name": "session", "value": opened.secret, "url": self.deployment.url}])
        return person

    def strangers(self) -> list[str]:
        """Addresses outside the portal that were asked for, save the payment provider's own pages."""
        ours, theirs = urlsplit(self.deployment.url).netloc, urlsplit(self.deployment.sandbox.base_url).netloc
        return [
            each.url
            for each in self.requests
            if (there := urlsplit(each.url)).scheme != "data" and there.netloc not in {ours, theirs}
        ]

    def watch(self) -> None:
        """Note everything that is asked for and complained of from now on."""
        self.context.on("request", self._asked)
        self.context.on("console", self._said)
        self.context.on("weberror", self._failed)

    def leave(self) -> None:
        """Make the browser one of nobody again."""
        self.context.remove_listener("request", self._asked)
        self.context.remove_listener("console", self._said)
        self.context.remove_listener("weberror", self._failed)
        self.page.unroute_all()
        # To an empty page of the same site: for any other the browser starts a process, which compiles all scripts anew.
        self.page.goto(self.deployment.url + "/livez")
        self.context.clear_cookies()

    def _asked(self, asked: Request) -> None:
        self.requests.append(asked)

    def _said(self, message: ConsoleMessage) -> None:
        # The browser logs answers of 4xx and 5xx as errors of their own; tests look at those answers themselves.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _failed(self, error: WebError) -> None:
        self.complaints.append(str(error.error))


NewVisit = Callable[..., Visit]


def _opened(
    chromium: Browser,
    *,
    locale: str = "zh-CN",
    width: int = 1280,
    scheme: str = "light",
    scripts: bool = True,
    **other: Any,
) -> Page:
    context = chromium.new_context(
        locale=locale,
        viewport=_screen(width),
        color_scheme=scheme,  # type: ignore[arg-type] # one of the two words
        java_script_enabled=scripts,
        reduced_motion="reduce",
        **other,
    )
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def _screen(width: int) -> ViewportSize:
    return {"width": width, "height": 900 if width > 600 else 844}


def _expect_clean(visitors: list[Visit]) -> None:
    assert [each for visitor in visitors for each in visitor.complaints] == []
    assert [each for visitor in visitors for each in visitor.strangers()] == []


@pytest.fixture
def visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[NewVisit]:
    """Makes visitors. At the end none of them may have met a foreign host, a script error or a blocked load."""
    made: list[Visit] = []

    def new(deployment: Deployment | None = None, **look: Any) -> Visit:
        page = _opened(chromium, **look)
        visitor = Visit(page, page.context, deployment or request.getfixturevalue("deployment"))
        visitor.watch()
        made.append(visitor)
        return visitor

    yield new
    for visitor in made:
        visitor.context.close()
    _expect_clean(made)


@pytest.fixture(scope="module")
def kept_pages() -> dict[str, Page]:
    """A browser per language and device, for a module that looks at many pages: one takes as long to open as a page."""
    return {}


@pytest.fixture
def glance(chromium: Browser, kept_pages: dict[str, Page], deployment: Deployment) -> Iterator[NewVisit]:
    """Makes one visitor as `visit` does, in a browser that others with the same language had before and that knows nobody."""
    made: list[Visit] = []

    def new(*, width: int = 1280, scheme: str = "light", **look: Any) -> Visit:
        page = kept_pages.get(repr(look)) or _opened(chromium, **look)
        kept_pages[repr(look)] = page
        page.set_viewport_size(_screen(width))
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of the two words
        visitor = Visit(page, page.context, deployment)
        visitor.watch()
        made.append(visitor)
        return visitor

    yield new
    for visitor in made:
        visitor.leave()
    _expect_clean(made)


def keep_picture(page: Page, config: pytest.Config, name: str) -> None:
    """Keep how a page looks, where `--pictures` asks for it."""
    folder = config.getoption("--pictures")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder, name), full_page=True)
