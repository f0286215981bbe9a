"""`python -m tools.openapi [--write [--break]]`: compares the API with `docs/reference/openapi.json`, its promise.

Prints what changed, one a line, and ends with 1 if anything did. `--write` accepts additions and refuses what would
break a caller who keeps to the committed document; `--break` accepts that too: only for what nobody calls yet.

Breaking: an operation, response, media type or answer's field that is gone; a field or parameter that is newly needed
or no longer known; a sent value that is no longer taken; a told value of a type that was not told before; a sign-in
newly needed. New operations, optional fields, answer fields and problem codes are additions: callers ignore what they
do not know, new values of told enumerations included.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from app.main import described

FILE: Final = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
Json = dict[str, Any]
Side = Literal["sent", "told"]
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
SAME: Final = ("pattern", "format", "multipleOf", "const", "uniqueItems")


def current() -> Json:
    """The document as the code makes it."""
    return described().openapi()


def committed() -> Json:
    """The document as it was promised."""
    found: Json = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def text_of(document: Json) -> str:
    """The file's text: sorted, so that a change shows where it is."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def breaking(old: Json, new: Json) -> list[str]:
    """Every change that breaks a caller who keeps to `old`."""
    return list(_Comparison(old, new).operations())


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, Side]] = set()

    def operations(self) -> Iterator[str]:
        for path, methods in self._old["paths"].items():
            for method, was in methods.items():
                name = f"{method.upper()} {path}"
                now = self._new["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{name}: gone"
                    continue
                if "security" in now and "security" not in was:
                    yield f"{name}: needs a sign-in"
                yield from self._parameters(name, was, now)
                yield from self._body(name, was, now)
                yield from self._responses(name, was["responses"], now["responses"])

    def _parameters(self, name: str, was: Json, now: Json) -> Iterator[str]:
        old, new = ({(each["in"], each["name"]): each for each in op.get("parameters", [])} for op in (was, now))
        for key in old.keys() - new.keys():
            yield f"{name}: parameter {key[1]} is gone"
        for key, parameter in new.items():
            if key not in old:
                if parameter.get("required"):
                    yield f"{name}: parameter {key[1]} is newly needed"
                continue
            if parameter.get("required") and not old[key].get("required"):
                yield f"{name}: parameter {key[1]} is newly needed"
            yield from self._schema(f"{name}: {key[1]}", old[key]["schema"], parameter["schema"], "sent")

    def _body(self, name: str, was: Json, now: Json) -> Iterator[str]:
        old, new = was.get("requestBody"), now.get("requestBody")
        if new is None:
            if old is not None:
                yield f"{name}: takes no body any more"
            return
        if new.get("required") and not (old or {}).get("required"):
            yield f"{name}: a body is newly needed"
        yield from self._content(f"{name} body", (old or {"content": {}})["content"], new["content"], "sent")

    def _responses(self, name: str, old: Json, new: Json) -> Iterator[str]:
        for status, was in old.items():
            if status not in new:
                yield f"{name}: response {status} is gone"
                continue
            place = f"{name} {status}"
            yield from self._content(place, was.get("content", {}), new[status].get("content", {}), "told")
            gone = was.get("headers", {}).keys() - new[status].get("headers", {}).keys()
            yield from (f"{place}: header {header} is gone" for header in sorted(gone))

    def _content(self, place: str, old: Json, new: Json, side: Side) -> Iterator[str]:
        for media_type, was in old.items():
            if media_type not in new:
                yield f"{place}: {media_type} is gone"
                continue
            if side == "told":
                codes = was.get("examples", {}).keys() - new[media_type].get("examples", {}).keys()
                if media_type == "application/problem+json":
                    yield from (f"{place}: problem {code} is gone" for code in sorted(codes))
            yield from self._schema(place, was.get("schema", {}), new[media_type].get("schema", {}), side)

    def _schema(self, place: str, was: Json, now: Json, side: Side) -> Iterator[str]:
        """Compare what may be sent (`now` must take all of `was`) or told (`now` must tell nothing beyond `was`)."""
        if "$ref" in was and "$ref" in now:
            pair = (was["$ref"], now["$ref"], side)
            if pair in self._seen:
                return
            self._seen.add(pair)
            place = was["$ref"].rpartition("/")[2]
        was, now = self._resolved(self._old, was), self._resolved(self._new, now)
        if "anyOf" in was or "anyOf" in now or "oneOf" in was or "oneOf" in now:
            yield from self._choices(place, _choices(was), _choices(now), side)
            return
        yield from _values(place, was, now, side)
        if "items" in was and "items" in now:
            yield from self._schema(f"{place}[]", was["items"], now["items"], side)
        yield from self._fields(place, was, now, side)

    def _fields(self, place: str, was: Json, now: Json, side: Side) -> Iterator[str]:
        old, new = was.get("properties", {}), now.get("properties", {})
        needed = set(now.get("required", []))
        for field in sorted(old.keys() - new.keys()):
            yield f"{place}.{field}: gone"
        if side == "sent":
            for field in sorted(needed - set(was.get("required", []))):
                yield f"{place}.{field}: newly needed"
        else:
            for field in sorted(set(was.get("required", [])) - needed & new.keys()):
                if field in new:
                    yield f"{place}.{field}: not always told any more"
        for field in old.keys() & new.keys():
            yield from self._schema(f"{place}.{field}", old[field], new[field], side)

    def _choices(self, place: str, was: list[Json], now: list[Json], side: Side) -> Iterator[str]:
        """Each choice that must still be understood needs one on the other side that it fits."""
        must_fit, among = (was, now) if side == "sent" else (now, was)
        for choice in must_fit:
            problems = []
            for other in among:
                old, new = (choice, other) if side == "sent" else (other, choice)
                seen = set(self._seen)
                found = list(self._schema(place, old, new, side))
                if not found:
                    break
                self._seen = seen
                problems.append(found)
            else:
                yield f"{place}: " + ("a choice is not taken any more" if side == "sent" else "a choice is new")

    @staticmethod
    def _resolved(document: Json, schema: Json) -> Json:
        if "$ref" not in schema:
            return schema
        found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found


def _choices(schema: Json) -> list[Json]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def _types(schema: Json) -> set[str] | None:
    named = schema.get("type")
    if named is None:
        return None
    return {named} if isinstance(named, str) else set(named)


def _values(place: str, was: Json, now: Json, side: Side) -> Iterator[str]:
    """Types, enumerations and bounds of one value."""
    wide, narrow = (_types(now), _types(was)) if side == "sent" else (_types(was), _types(now))
    if wide is not None and (narrow is None or not narrow <= wide):
        yield f"{place}: type {was.get('type')} became {now.get('type')}"
    if side == "told":
        return
    if "enum" in now and not set(was.get("enum", [object()])) <= set(now["enum"]):
        yield f"{place}: takes fewer values"
    for name in (*UPPER, *LOWER):
        if name not in now:
            continue
        is_narrower = name not in was or (now[name] < was[name] if name in UPPER else now[name] > was[name])
        if is_narrower:
            yield f"{place}: {name} is narrower"
    for name in SAME:
        if name in now and now[name] != was.get(name):
            yield f"{place}: {name} changed"
    if (
        now.get("additionalProperties") is False
        and was.get("additionalProperties") is not False
        and "properties" in now
    ):
        yield f"{place}: unknown fields are not taken any more"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="accept the additions")
    parser.add_argument("--break", action="store_true", dest="may_break", help="accept breaking changes as well")
    wanted = parser.parse_args()
    new = current()
    old = committed() if FILE.exists() else {"paths": {}}
    if old == new:
        return 0
    broken = breaking(old, new)
    for line in broken:
        print(f"breaking: {line}")
    if wanted.write and (wanted.may_break or not broken):
        FILE.write_text(text_of(new), encoding="utf-8")
        return 0
    if not broken:
        print("the API has additions: accept them by `python -m tools.openapi --write`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
