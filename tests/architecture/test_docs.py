"""What the reference says is what the code says, and no link of the documents leads nowhere."""

import importlib
import importlib.util
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tools import docs

ROOT = Path(__file__).parents[2]
LINK = re.compile(
    r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|<a [^>]*href=\"([^\"]+)\"|<img [^>]*src=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)"
)
FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def broken_links(document: Path) -> list[str]:
    """Relative links of one document whose file or heading is not there."""
    broken: list[str] = []
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for target in (next(filter(None, match.groups())) for match in LINK.finditer(text)):
        link = urlsplit(target)
        if link.scheme or link.netloc:
            continue
        file = (document.parent / unquote(link.path)).resolve() if link.path else document
        if not file.exists() or (link.fragment and file.suffix == ".md" and link.fragment not in anchors(file)):
            broken.append(target)
    return broken


def anchors(document: Path) -> set[str]:
    """Places within a document that a link may name, as GitHub makes them."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    named = set(re.findall(r"<a id=\"([^\"]+)\"", text))
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        named.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return named


def test_the_committed_reference_is_what_the_code_makes() -> None:
    assert docs.stale() == [], "run `python -m tools.docs --write`"


def test_a_stale_page_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "FOLDER", tmp_path)
    for name, text in docs.pages().items():
        (tmp_path / name).write_text(text)
    (tmp_path / "by-hand.md").write_text("# By hand\n")
    assert docs.stale() == []
    (tmp_path / "tasks.md").unlink()
    (tmp_path / "errors.md").write_text("# Errors\n")
    (tmp_path / "gone.md").write_text(f"{docs.MADE}\n\n# Gone\n")
    assert sorted(docs.stale()) == ["errors.md", "gone.md", "tasks.md"]


def test_the_reference_is_whole() -> None:
    made = docs.pages()
    assert {"WATTLINE_DATABASE_URL", "WATTLINE_PUBLIC_URL"} <= set(re.findall(r"WATTLINE_\w+", made["settings.md"]))
    assert '<a id="not_found"></a>' in made["errors.md"]
    assert "`payments.payment_booked`" in made["events.md"]
    assert "`payments.check_attempts`" in made["tasks.md"]
    assert "## `wattline migrate`" in made["commands.md"]


@pytest.mark.parametrize("page", sorted(docs.pages()))
def test_no_cell_of_the_reference_is_left_unsaid(page: str) -> None:
    """What a thing means stands in the column of that name; a missing docstring would leave it empty."""
    head: list[str] = []
    for line in docs.pages()[page].splitlines():
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        head = head or cells
        said = dict(zip(head, cells, strict=True))
        for column in {"Meaning", "When", "What it does", "English", "Chinese"} & said.keys():
            assert said[column], line


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    assert broken_links(ROOT / document) == []


def test_a_link_to_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A place, `named`\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](other.md#a-place-named) [b](#here) [c](https://example.org/x)\n```\n[d](no.md)\n```\n"
        "[e](missing.md) [f](other.md#elsewhere) [g](#gone)\n"
    )
    assert broken_links(page) == ["missing.md", "other.md#elsewhere", "#gone"]


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if not name.startswith("docs/reference/")])
def test_what_a_page_names_is_there(document: str) -> None:
    assert unknown_names(ROOT / document) == []


def test_a_name_that_nothing_has_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`core.outbox.add` `core/outbox.py` `tests/sandbox` `core.outbox.gone` `core/gone.py` `services/<domain>`\n"
    )
    assert unknown_names(page) == ["core.outbox.gone", "core/gone.py"]


def test_every_act_of_the_audit_log_is_told_and_no_other() -> None:
    sources = [
        path for folder in ("core", "services", "notifications", "app") for path in (ROOT / folder).rglob("*.py")
    ]
    written = {act for path in sources for act in re.findall(r'\bact="([^"]+)"', path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs/operating/audit.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {act for row in rows for act in re.findall(r"`([^`]+)`", row)} == written


def unknown_names(document: Path) -> list[str]:
    """Code spans that look like our modules, functions or files, and name none."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"docs"}
    unknown: list[str] = []
    for span in re.findall(r"`([^`\s<>*{}]+)`", text):
        if "/" in span and span.split("/")[0] in folders:
            place, _, test = span.partition("::")
            found = (ROOT / place).exists() or any(ROOT.glob(f"{place}*"))
            found = found and (not test or f"def {test}(" in (ROOT / place).read_text(encoding="utf-8"))
        elif re.fullmatch(r"\w+(\.\w+){2,}", span) and span.split(".")[0] in folders - {"docs"}:
            found = is_named(span)
        else:
            continue
        if not found:
            unknown.append(span)
    return unknown


def is_named(name: str) -> bool:
    """Whether a dotted name is a module of ours, or stands in one (an attribute, or a field of a class)."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        module = ".".join(parts[:length])
        try:
            is_module = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            continue
        if is_module:
            found: object = importlib.import_module(module)
            for attribute in parts[length:]:
                if not hasattr(found, attribute):
                    return False
                found = getattr(found, attribute)
            return True
    return False
