"""From plain values to a page: Jinja2 with strict names, gettext, money and dates in the reader's language."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_name, get_currency_symbol
from babel.support import NullTranslations, Translations
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from core.config import Settings
from core.crypto.vault import Vault
from core.money import Money
from portal.assets import Assets, icon

HERE: Final = Path(__file__).parent
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SHOWN: Final = re.compile(r"/|/bills(/[^/]+/[^/]+)?|/inbox(/[^/]+)?|/payments/[^/]+(/receipt)?")
"""Pages of customers that staff may look at."""
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
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        texts = translations(locale)
        environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined] # added by the extension above
        name, zone, settings = babel_name(locale), self._settings.zone, self._settings
        environment.filters.update(filters(name, zone))
        environment.globals.update(
            asset=self.assets.url,
            icon=_icon,
            locale=locale,
            locales=settings.locales,
            supplier=settings.supplier_name
            if locale.startswith("zh")
            else settings.supplier_name_en or settings.supplier_name,
            hotline=settings.supplier_hotline,
            has_logo=self.assets.has_logo,
        )
        return environment


def filters(name: str, zone: ZoneInfo) -> dict[str, Any]:
    """What templates may call on values, for a language as Babel names it and the supplier's zone."""

    def money(amount: Money) -> str:
        return str(format_currency(amount.major, amount.currency, locale=name))

    def money_parts(amount: Money) -> tuple[str, str, str, str]:
        """What stands before the sign, the sign, the number, and the sign of languages that put it last."""
        symbol = get_currency_symbol(amount.currency, locale=name)
        before, _, after = money(amount).partition(symbol)
        is_last = any(character.isdigit() for character in before)
        return ("", "", before, symbol) if is_last else (before, symbol, after, "")

    def currency(code: str) -> str:
        return get_currency_name(code, locale=name)

    def day(value: date) -> str:
        return format_date(value, format="long", locale=name)

    def short_day(value: date) -> str:
        return format_date(value, format="MMM d" if name == "en" else "M月d日", locale=name)

    def month(value: date) -> str:
        return format_date(value, format="MMMM y" if name == "en" else "y年M月", locale=name)

    def moment(value: datetime) -> str:
        return format_datetime(
            value, format="MMM d, yyyy, HH:mm" if name == "en" else "y年M月d日 HH:mm", tzinfo=zone, locale=name
        )

    def quantity(value: Any) -> str:
        return str(format_decimal(value, locale=name))

    def price(value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.00######", locale=name))

    return {
        "price": price,
        "money": money,
        "money_parts": money_parts,
        "currency": currency,
        "day": day,
        "short_day": short_day,
        "month": month,
        "moment": moment,
        "quantity": quantity,
    }


@cache
def _icon(name: str) -> Markup:
    shapes = icon(name)
    attributes = 'width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    drawing = f'<svg class="icon" {attributes} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
    return Markup(f"{drawing}{shapes}</svg>")  # noqa: S704 -- our own files
