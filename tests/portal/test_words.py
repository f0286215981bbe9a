"""Codes of the log, the books, the tasks and the messages have words in every language of the console."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest

from core.db import Database
from notifications.states import Finding
from portal.formats import filters
from portal.templating import babel_name, translations

ROOT = Path(__file__).parents[2]
CODE = ("app", "core", "jobs", "notifications", "portal", "routers", "services", "web")


def texts_in_code(pattern: str) -> set[str]:
    return {
        code
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(pattern, path.read_text(encoding="utf-8"))
    }


def spoken(template: str, locale: str) -> Any:
    """The macros of a template, as they speak in a language."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "portal" / "templates"), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    pages.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined] # added by the extension
    pages.filters.update(filters(babel_name(locale), ZoneInfo("Asia/Shanghai")))
    pages.globals["own_currency"] = "CNY"
    return pages.get_template(template).module


def unsaid(macro: str, codes: set[str], locale: str) -> set[str]:
    """Codes that the console would show as they are."""
    say: Callable[[str], str] = getattr(spoken("staff/words.html", locale), macro)
    return {code for code in codes if say(code).strip() == code}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_act_task_message_and_finding_has_a_word(locale: str) -> None:
    acts = texts_in_code(r'\bact="([a-z_.]+)"')
    assert {"accounts.revealed", "payments.start", "import.finish"} <= acts
    assert unsaid("act_name", acts, locale) == set()
    tasks = set(re.findall(r"^\| `([a-z_.]+)`", (ROOT / "docs/reference/tasks.md").read_text("utf-8"), re.MULTILINE))
    assert "payments.number_feed" in tasks
    assert unsaid("task_name", tasks, locale) == set()
    messages = set(
        re.findall(r"^\[(\w+)\]", (ROOT / "notifications/templates/en.toml").read_text("utf-8"), re.MULTILINE)
    )
    assert "payment_receipt" in messages
    assert unsaid("message_name", messages, locale) == set()
    assert unsaid("finding_name", {finding.value for finding in Finding}, locale) == set()


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_account_of_the_ledger_has_a_word(database: Database, locale: str) -> None:
    with database.read() as session:
        codes = set(session.sql("select name from ledger_code").scalars())
    assert "clearing.wechat_pay" in codes
    assert unsaid("account_code", codes, locale) == set()
