"""`python -m tools.docs [--write]`: compares `docs/reference/` with the code that it is made from, or writes it."""

import argparse
import dataclasses
import enum
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import jobs
import services
import web.consents
import web.problems
from app.cli import COMMANDS, cli_of
from app.keeping import KEPT
from core import outbox
from core.config import PREFIX, Settings
from jobs.celery_app import DEFAULT_QUEUE
from jobs.celery_app import app as celery_app
from notifications import handlers
from services.identity.ports import CONSENT_TEXTS

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
MADE: Final = "<!-- Made by `python -m tools.docs --write`. Do not edit. -->"
WORDS: Final = {
    SecretStr: "secret",
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
}
"""How a setting's type is told."""


def pages() -> dict[str, str]:
    """File name -> text of every page."""
    for domain in pkgutil.iter_modules(services.__path__):
        events = f"services.{domain.name}.events"
        if importlib.util.find_spec(events):
            importlib.import_module(events)
    import_all(jobs)
    return {
        "settings.md": settings(),
        "errors.md": errors(),
        "events.md": events_page(),
        "tasks.md": tasks(),
        "commands.md": commands(),
        "consents.md": consents(),
        "personal-data.md": personal_data(),
    }


def import_all(package: types.ModuleType) -> None:
    """Import every module of a package: that is how tables and tasks become known."""
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)


def settings() -> str:
    """Every setting."""
    rows = [
        (
            f"`{PREFIX}{name.upper()}`",
            _kind(field),
            _default(field),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    intro = (
        f"Read once from `{PREFIX}*` variables. `{PREFIX}X_FILE` may name a file that holds the value of `{PREFIX}X`: "
        "that is how secrets are mounted. With a wrong or missing value no process starts, and the message names it."
    )
    return _page("Settings", intro, _table(("Variable", "Value", "Default", "Meaning"), rows))


def _kind(field: FieldInfo) -> str:
    plain = _plain(field.annotation)
    if get_origin(plain) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(plain))
    limits: list[str] = []
    for rule in field.metadata:
        limits += [
            f"{sign} {getattr(rule, name)}"
            for kind, name, sign in (
                (annotated_types.Ge, "ge", "at least"),
                (annotated_types.Gt, "gt", "above"),
                (annotated_types.Le, "le", "at most"),
            )
            if isinstance(rule, kind)
        ]
        if getattr(rule, "pattern", None):
            limits.append(f"like `{rule.pattern}`")
    return ", ".join([WORDS[plain], *limits])


def _plain(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def errors() -> str:
    """Every problem."""
    rows = [
        (
            f'<a id="{entry.code}"></a>`{entry.code}`',
            str(entry.status),
            _first_paragraph(entry.refusal),
            entry.en,
            entry.zh,
        )
        for entry in web.problems.table()
    ]
    intro = (
        "Every error answer is an RFC 9457 problem (`application/problem+json`) with a stable `code`. Words in braces "
        "are facts of the case; they stand beside the text as members of their own. No problem echoes what was sent. "
        "The `type` of each leads to `/docs/problems` of the deployment, which tells the same."
    )
    return _page("Errors", intro, _table(("Code", "Status", "When", "English", "Chinese"), rows))


def consents() -> str:
    """Every purpose that needs a consent, in all versions of its text."""
    rows = [
        (
            f"`{purpose.value}`",
            f"{version}{' (valid)' if CONSENT_TEXTS[purpose] == version else ''}",
            words.en,
            words.zh,
        )
        for (purpose, version), words in web.consents.TEXTS.items()
    ]
    intro = (
        "Uses of a person's data that need their consent. What a contract or the law demands needs none: bills, "
        "receipts, notices of payments, of outages and of one's own account, one-time codes, the audit log. A decision "
        "is a row that is never changed; the newest holds, and only while its text is the valid one. Whoever uses data "
        "for such a purpose asks `services.identity.queries.consents` at each use, not once."
    )
    return _page("Consents", intro, _table(("Purpose", "Version", "English", "Chinese"), rows))


def personal_data() -> str:
    """Every table: whose it is, how long it is kept."""
    rows = [
        (
            f"`{each.table}`",
            each.whose.value,
            each.about,
            each.section and f"`{each.section}`",
            each.kept,
            each.by and f"`{each.by}`",
        )
        for each in KEPT
    ]
    intro = (
        "Every table: about whom it tells, what, in which section of a person's copy it stands, how long it is kept, "
        "and which task takes it away. A person who signs in may take a copy and be erased "
        "([privacy](../operating/privacy.md)); customers are the supplier's to erase. What is nobody's or somebody "
        "else's is in nobody's copy."
    )
    return _page(
        "Personal data and retention", intro, _table(("Table", "Tells of", "What", "Section", "Kept", "Task"), rows)
    )


def events_page() -> str:
    """Every event, with who listens."""
    listeners: dict[type[outbox.Event], list[str]] = {}
    for event_class, handler in handlers.SUBSCRIPTIONS:
        listeners.setdefault(event_class, []).append(f"`{handler.__module__}.{handler.__name__}`")
    rows = [
        (
            str(event.code),
            f"`{event.name}`",
            str(event.version),
            _fields(event),
            _whole_text(event),
            "<br>".join(listeners.get(event, [])),
        )
        for event in outbox.events()
        if event.__module__.startswith(("services.", "notifications."))
    ]
    intro = (
        "A fact is written in the transaction of the change that made it, and every handler runs once for it, in any "
        "order. Codes are never used again; a field is never renamed."
    )
    return _page("Events", intro, _table(("Code", "Name", "Version", "Fields", "Meaning", "Heard by"), rows))


def _fields(event: type[outbox.Event]) -> str:
    hints = inspect.get_annotations(event, eval_str=True)
    names = [field.name for field in dataclasses.fields(event)]
    return ", ".join(f"`{name}: {getattr(hints[name], '__name__', hints[name])}`" for name in names)


def tasks() -> str:
    """Every Celery task, with its time."""
    timed = {entry["task"]: entry for entry in celery_app.conf.beat_schedule.values()}
    rows = []
    for name, task in sorted(celery_app.tasks.items()):
        if name.startswith("celery."):
            continue
        entry = timed.get(name)
        queue = entry["options"].get("queue", DEFAULT_QUEUE) if entry else DEFAULT_QUEUE
        period = _period(entry["schedule"].run_every.total_seconds()) if entry else ""
        rows.append((f"`{name}`", f"`{queue}`", period, _first_paragraph(task.run)))
    intro = (
        "Tasks of the worker, and how often the clock asks for each. A message is a hint that may be lost, doubled or "
        "late: the rows in PostgreSQL are the truth, so every task may run any number of times at once."
    )
    return _page("Tasks", intro, _table(("Task", "Queue", "Every", "What it does"), rows))


def _period(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {word}"
    return f"{seconds:g} s"


def commands() -> str:
    """Every command, with arguments, options and defaults."""
    group: Any = typer.main.get_command(cli_of(COMMANDS))
    parts: list[str] = []
    for path, command in sorted(_leaves("", group)):
        parts += [f"## `wattline{path}`", "", *_said(command.help or ""), ""]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            parts += [_table(("Parameter", "Variable", "Default", "Meaning"), rows), ""]
    intro = "`wattline` runs and looks after one deployment. Exit code 0: done; 2: wrong use or it cannot start."
    return _page("Commands", intro, "\n".join(parts).rstrip())


def _leaves(path: str, command: Any) -> Iterable[tuple[str, Any]]:
    inner: dict[str, Any] | None = getattr(command, "commands", None)
    if inner is None:
        return [(path, command)]
    return [leaf for name, below in inner.items() for leaf in _leaves(f"{path} {name}", below)]


def _parameter(parameter: Any) -> Sequence[str]:
    is_argument = parameter.param_type_name == "argument"
    name = parameter.name.upper() if is_argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
    kind = parameter.type_descriptor.annotation
    meaning = parameter.help or ""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        meaning += " One of " + ", ".join(f"`{value}`" for value in _values(kind)) + "."
    default = getattr(parameter.default, "value", parameter.default)
    if parameter.required:
        told = "required"
    elif default is None or default is False:
        told = ""
    else:
        told = f"`{default}`"
    return f"`{name}`", f"`{parameter.envvar}`" if parameter.envvar else "", told, meaning


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(choice.value) for choice in kind]


def _said(text: str) -> list[str]:
    return inspect.cleandoc(text).splitlines()


def _whole_text(thing: Any) -> str:
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split())


def _first_paragraph(thing: Any) -> str:
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _page(title: str, intro: str, body: str) -> str:
    return f"{MADE}\n\n# {title}\n\n{intro}\n\n{body}\n"


def stale() -> list[str]:
    """Pages that do not say what the code says, and made pages that no code makes any more.

    Pages written by hand may stand beside them.
    """
    made = pages()
    there = {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.md"))}
    wrong = [name for name, text in made.items() if there.get(name) != text]
    return wrong + [name for name, text in there.items() if text.startswith(MADE) and name not in made]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the pages instead of comparing")
    if parser.parse_args().write:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    for name in (wrong := stale()):
        print(f"docs/reference/{name} is stale: run `python -m tools.docs --write`")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
