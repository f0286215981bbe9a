"""Codes of the log, the books, the tasks and the messages have words in every language of the console."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest
from markupsafe import Markup

from core.db import Database
from notifications.states import Finding
from portal.charts import look
from portal.formats import filters
from portal.templating import babel_name, translations
from portal.words import Words
from services.accounts.roles import StaffPermission
from services.metering.queries import Doubt

ROOT = Path(__file__).parents[2]
CODE = ("app", "core", "jobs", "notifications", "portal", "routers", "services", "web")


def texts_in_code(pattern: str) -> set[str]:
    return {
        code
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(pattern, path.read_text(encoding="utf-8"))
    }


def words_in(locale: str) -> Words:
    """The words of a language, as its pages say them."""
    texts = translations(locale)
    written = filters(babel_name(locale), ZoneInfo("Asia/Shanghai"))
    return Words(lambda text: Markup(texts.gettext(text)), written, currency="CNY")


def spoken(template: str, locale: str) -> Any:
    """The macros of a template, as they speak in a language."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "portal" / "templates"), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    pages.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined] # added by the extension
    pages.filters.update(
        filters(babel_name(locale), ZoneInfo("Asia/Shanghai")), **words_in(locale).filters(), look=look
    )
    return pages.get_template(template).module


def unsaid(kind: str, codes: set[str], locale: str) -> set[str]:
    """Codes that the console would show as they are."""
    words = words_in(locale)
    return {code for code in codes if words.word(code, kind) == code}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_act_task_message_finding_doubt_and_right_has_a_word(locale: str) -> None:
    acts = texts_in_code(r'\bact="([a-z_.]+)"')
    assert {"accounts.revealed", "payments.start", "import.finish"} <= acts
    assert unsaid("act", acts, locale) == set()
    tasks = set(re.findall(r"^\| `([a-z_.]+)`", (ROOT / "docs/reference/tasks.md").read_text("utf-8"), re.MULTILINE))
    assert "payments.number_feed" in tasks
    assert unsaid("task", tasks, locale) == set()
    messages = set(
        re.findall(r"^\[(\w+)\]", (ROOT / "notifications/templates/en.toml").read_text("utf-8"), re.MULTILINE)
    )
    assert "payment_receipt" in messages
    assert unsaid("message", messages, locale) == set()
    assert unsaid("finding", {finding.value for finding in Finding}, locale) == set()
    assert unsaid("doubt", {doubt.value for doubt in Doubt}, locale) == set()
    assert unsaid("permission", set(StaffPermission), locale) == set()


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_account_of_the_ledger_has_a_word(database: Database, locale: str) -> None:
    with database.read() as session:
        codes = set(session.sql("select name from ledger_code").scalars())
    assert "clearing.wechat_pay" in codes
    words = words_in(locale)
    assert {code for code in codes if words.ledger_account(code) == code} == set()
