"""The API's document is whole: OpenAPI 3.1, an example for every request, answer and error, and each is what it says."""

from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest

from tests.support.document import DOCUMENT
from web import problems
from web.problems import MEDIA_TYPE

Json = dict[str, Any]
OPERATIONS: Final = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
PROBLEMS: Final = {entry.code: entry for entry in problems.table()}


def examples_of(media: Json) -> list[Any]:
    """Every example of one content."""
    found = [each["value"] for each in media.get("examples", {}).values()]
    return [*found, media["example"]] if "example" in media else found


def contents_of(operation: Json) -> Iterator[tuple[str, Json]]:
    """Every content of an operation, with its name."""
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {media_type}", media
    for status, answer in operation["responses"].items():
        for media_type, media in answer.get("content", {}).items():
            yield f"{status} {media_type}", media


def wrong_in(schema: Json, value: object) -> list[str]:
    """What a schema of the document says against a value."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)
    assert "ValidationError" not in DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_content_shows_an_example_that_fits_it(name: str) -> None:
    for place, media in contents_of(OPERATIONS[name]):
        shown = examples_of(media)
        assert shown, f"{place}: no example"
        for value in shown:
            assert wrong_in(media.get("schema", {}), value) == [], place


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_does_and_lists_its_problems(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["description"]
    listed: set[str] = set()
    for status, answer in operation["responses"].items():
        shown = answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
        assert shown or int(status) < 400 or name.startswith("POST /callbacks/")
        for code in shown:
            assert code in answer["description"]
            assert code == "internal_error" or str(PROBLEMS[code].status) == status
        listed |= shown.keys()
    assert {"bad_request", "method_not_allowed", "unavailable", "internal_error"} <= listed
    assert ("sign_in_needed" in listed) == ("security" in operation)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.partition(" ")[2].startswith("/api/")])
def test_every_sent_value_is_described_and_nothing_unknown_is_taken(name: str) -> None:
    content = OPERATIONS[name].get("requestBody", {}).get("content", {})
    if name.startswith("PUT ") and name.endswith("/photo"):
        assert set(content) == {"image/jpeg", "image/png", "image/webp"}
        return
    assert set(content) <= {"application/json"}
    for media in content.values():
        for value in examples_of(media):
            assert wrong_in(media["schema"], {**value, "unknown": 1})
            assert wrong_in(media["schema"], None)


QUESTIONS: Final = {
    "POST /api/v1/payments/{payment_no}/check",
    "POST /api/v1/me/erasure/code",
    "POST /api/v1/me/data-export/code",
    "POST /api/v1/me/data-export/download",
    "POST /api/v1/backoffice/tariffs/check",
    "POST /api/v1/backoffice/tariffs/{code}/versions/{version_no}/price",
    "POST /api/v1/backoffice/tariffs/{code}/versions/{version_no}/dry-run",
}
"""They move nothing by themselves (asked twice, they ask twice), or give what a kept answer would keep in clear."""


def test_whoever_moves_something_sends_a_key() -> None:
    keyed = {
        name
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    secured_posts = {name for name, operation in OPERATIONS.items() if name[:5] == "POST " and "security" in operation}
    assert keyed == secured_posts - QUESTIONS
