"""Every text of the portal exists in every language, with the same places for values, and no template holds a text of its own."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PORTAL = Path(__file__).parents[2] / "portal"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"encoding": "utf-8", "trim_blocks": "true", "lstrip_blocks": "true"}}
PLACE = re.compile(r"%\((\w+)\)s")
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
TAG = re.compile(r"<!--.*?-->|<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
ALLOWED = {"·", "–", "×", ""}


def source_texts() -> set[str]:
    found = set()
    for _, _, message, _, _ in extract_from_dir(str(PORTAL), METHODS, OPTIONS):
        found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("locale", ["zh-CN"])
def test_the_catalogue_is_complete(locale: str) -> None:
    with (PORTAL / "i18n" / f"{locale}.po").open("rb") as source:
        catalog = read_po(source)
    translated = {}
    for message in catalog:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            strings = message.string if message.string is not None else ""
            translated[key] = strings if isinstance(strings, str) else strings[0]
            assert not message.fuzzy, key
    assert translated.keys() == source_texts()
    for key, text in translated.items():
        assert text, key
        assert set(PLACE.findall(text)) == set(PLACE.findall(key)), key


@pytest.mark.parametrize("template", sorted(PORTAL.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_no_template_holds_a_text_of_its_own(template: Path) -> None:
    source = JINJA.sub(
        "",
        re.sub(
            r"\{% block (?:width|error_prefix|history)[^%]*%\}\w*\{% endblock %\}",
            "",
            template.read_text(encoding="utf-8"),
        ),
    )
    words = {word.strip() for word in TAG.sub("\n", source).splitlines()}
    assert words <= ALLOWED


@pytest.mark.parametrize("template", sorted(PORTAL.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_every_attribute_is_quoted_and_no_script_or_style_is_inline(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    assert not re.search(r"\s[\w-]+=\{\{", source), "an unquoted attribute lets a value add attributes"
    assert not re.search(r"\son\w+=|\sstyle=|javascript:|<style|\|safe(?!\s*if)", source)
    assert re.findall(r"<script(?![^>]*src=)", source) == []
