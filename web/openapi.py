"""The document of the JSON API: what FastAPI makes of the endpoints, completed from what it knows of each.

Every operation lists the problems that it may answer, by code, and shows an example of each, of its request and of its
answer. `docs/reference/openapi.json` is this document; `python -m tools.openapi` refuses changes that break callers.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from web import problems
from web.idempotency import SOMETIMES
from web.models import AnswerModel, RequestModel
from web.problems import ProblemBody
from web.problems.common import BadJson, InternalError, InvalidFields, NotFound, SignInNeeded

Json = dict[str, Any]
FOREIGN: Final = ("HTTPValidationError", "ValidationError")
"""FastAPI's own form of a 422, which we do not use."""

REF: Final = "#/components/schemas/{model}"
CALLBACKS: Final = "/callbacks/"


def install(app: FastAPI) -> None:
    """Let the application answer with this document, made once."""
    made: Json = {}

    def document() -> Json:
        if not made:
            made.update(document_of(app))
        return made

    app.openapi = document  # type: ignore[method-assign] # FastAPI's documented way to replace it


def document_of(app: FastAPI) -> Json:
    """The whole document."""
    made: Json = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas: Json = made.setdefault("components", {}).setdefault("schemas", {})
    for name in FOREIGN:
        schemas.pop(name, None)
    for model in _models(AnswerModel, RequestModel):
        shown = (model.model_config.get("json_schema_extra") or {}).get("examples")  # type: ignore[union-attr] # ours are dicts
        if shown and model.__name__ in schemas:
            schemas[model.__name__]["examples"] = shown  # FastAPI has dropped their nulls
    problem = ProblemBody.model_json_schema(ref_template=REF, mode="serialization")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemBody"] = problem
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _complete(path, operation, schemas)
    return made


def _complete(path: str, operation: Json, schemas: Json) -> None:
    responses: Json = operation["responses"]
    body = operation.get("requestBody")
    parameters: list[Json] = operation.get("parameters", [])
    if FOREIGN[0] in str(responses.get("422")):
        del responses["422"]
    for parameter in parameters:
        if parameter["name"] == "Idempotency-Key":
            parameter["required"] = not parameter["schema"].pop(SOMETIMES, False)
    for applies, refusal in (
        (body is not None, BadJson),
        (bool(parameters) or (body is not None and not path.startswith(CALLBACKS)), InvalidFields),
        (any(parameter["in"] == "path" for parameter in parameters), NotFound),
        ("security" in operation, SignInNeeded),
    ):
        if applies:
            problems.document(responses, refusal, key=str)
    _document_bugs(responses)
    operation["responses"] = dict(sorted(responses.items()))
    for media in [
        *(body or {"content": {}})["content"].values(),
        *(media for answer in responses.values() for media in answer.get("content", {}).values()),
    ]:
        if "example" not in media and "examples" not in media:
            shown = _resolve(media.get("schema", {}), schemas).get("examples")
            if shown:
                media["example"] = shown[0]


def _document_bugs(responses: Json) -> None:
    bug = InternalError(incident="6f0c2d0e8a7b4b6e9d3c5a1f2e4d6c8b")
    detail = problems.of(bug).detail("en", bug.facts)
    value = {**problems.example(bug.code, 500, detail), **bug.facts}
    told = {"schema": {"$ref": problems.SCHEMA}, "examples": {bug.code: {"value": value}}}
    responses["500"] = {"description": bug.code, "content": {problems.MEDIA_TYPE: told}}


def _models(*bases: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for base in bases:
        for model in base.__subclasses__():
            yield model
            yield from _models(model)


def _resolve(schema: Json, schemas: Json) -> Json:
    found: Json = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found
