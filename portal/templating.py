"""From plain values to a page: Jinja2 with strict names, gettext, money and dates in the reader's language."""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from core.config import Settings
from core.crypto.vault import Vault
from portal import formats
from portal.assets import Assets, icon
from portal.charts import look
from portal.words import Words

HERE: Final = Path(__file__).parent
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SHOWN: Final = re.compile(r"/|/bills(/[^/]+/[^/]+)?|/inbox(/[^/]+)?|/payments/[^/]+(/receipt)?|/tariff|/usage")
"""Pages of customers that staff may look at."""
MOST_TEXTS: Final = 4_096
_BABEL: Final = {"zh-CN": "zh_Hans_CN", "en": "en"}


def babel_name(locale: str) -> str:
    """Babel's name of one of our language tags."""
    return _BABEL.get(locale, locale.replace("-", "_"))


@cache
def translations(locale: str) -> NullTranslations:
    """The portal's texts in one language, compiled from the committed catalogue; English is the source text itself."""
    path = HERE / "i18n" / f"{locale}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        catalog = read_po(source, locale=babel_name(locale), abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


@dataclass(frozen=True)
class Onlooker:
    """Staff who see a customer's page: below which address, as whom (masked), until when, and what ends it."""

    root: str
    account_no: str
    person: str
    until: datetime
    form_token: str

    def at(self, path: str) -> str:
        """Where a page of the portal is found by them."""
        return self.root if path == "/" else f"{self.root}{path}"

    def sees(self, path: str) -> bool:
        """Whether a page of the portal is one of those that they are shown."""
        return SHOWN.fullmatch(path) is not None


@dataclass(frozen=True)
class Page:
    """What every page knows besides its own values.

    With an `onlooker` it is shown to staff: its links stay below their address, and what would act is shut.
    """

    path: str
    form_token: str
    is_signed_in: bool
    unread: int = 0
    onlooker: Onlooker | None = None

    def at(self, path: str) -> str:
        """Where a page of the portal is found by whoever reads this one."""
        return path if self.onlooker is None else self.onlooker.at(path)


class Renderer:
    """Makes pages of one deployment."""

    def __init__(self, settings: Settings, vault: Vault, assets: Assets) -> None:
        self._settings = settings
        self.vault = vault
        self.assets = assets
        self._environments = {locale: self._environment(locale) for locale in settings.locales}

    def page(
        self,
        template: str,
        page: Page,
        *,
        locale: str,
        status: int = 200,
        values: Mapping[str, Any] | None = None,
    ) -> HTMLResponse:
        """Render a template to an answer that no cache keeps and whose content comes from this site alone."""
        html = self._environments[locale].get_template(template).render(page=page, **(values or {}))
        headers = {
            "content-security-policy": CONTENT_POLICY,
            "vary": "HX-Request, Cookie, Accept-Language",
        }
        return HTMLResponse(html, status, headers=headers)

    def _environment(self, locale: str) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        texts = translations(locale)
        environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined] # added by the extension above
        say = _saying(texts)
        environment.globals["_"] = environment.globals["gettext"] = _gettext(say)
        name, zone, settings = babel_name(locale), self._settings.zone, self._settings
        written = formats.filters(name, zone)
        words = Words(say, written, currency=settings.supplier_currency)
        environment.filters.update(written, **words.filters(), whole_columns=_whole_columns, look=look)
        environment.globals.update(
            asset=self.assets.url,
            icon=_icon,
            locale=locale,
            locales=settings.locales,
            supplier=settings.supplier_name
            if locale.startswith("zh")
            else settings.supplier_name_en or settings.supplier_name,
            hotline=settings.supplier_hotline,
            own_currency=settings.supplier_currency,
            has_logo=self.assets.has_logo,
        )
        return environment


def _saying(texts: NullTranslations) -> Callable[[str], Markup]:
    """Gives a text of ours in a language; a page asks for hundreds."""

    @lru_cache(MOST_TEXTS)
    def say(text: str) -> Markup:
        return Markup(texts.gettext(text))  # noqa: S704 -- our own texts

    return say


def _gettext(say: Callable[[str], Markup]) -> Callable[..., Markup]:
    """What the extension makes of these texts, at less of its price: most of them are fixed."""

    @lru_cache(MOST_TEXTS)
    def fixed(text: str) -> Markup:
        return say(text) % {}

    def gettext(text: str, **variables: object) -> Markup:
        return say(text) % variables if variables else fixed(text)

    return gettext


def _whole_columns(columns: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Columns of a table with what they need not say: how they look, and where the table is sorted by them.

    Made whole once for a table: what a cell does not find costs more than all that it shows.
    """
    return [(*column, "", "")[:4] for column in columns]


@cache
def _icon(name: str) -> Markup:
    shapes = icon(name)
    attributes = 'width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    drawing = f'<svg class="icon" {attributes} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
    return Markup(f"{drawing}{shapes}</svg>")  # noqa: S704 -- our own files
