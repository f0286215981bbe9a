"""The API keeps the promise of its committed document; what would break a caller is refused, additions are not."""

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import openapi

Json = dict[str, Any]
Change = Callable[[Json], object]


def test_the_api_is_what_its_document_promises() -> None:
    current = openapi.current()
    assert openapi.breaking(openapi.committed(), current) == []
    assert openapi.committed() == current, "accept additions by `python -m tools.openapi --write`"


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def operation(document: Json, name: str) -> Json:
    method, _, path = name.partition(" ")
    found: Json = document["paths"][path][method.lower()]
    return found


START = "POST /api/v1/payments"
BILLS = "GET /api/v1/accounts/{account_no}/bills"
AMOUNT = {"type": "integer", "title": "X"}

BREAKING: dict[str, Change] = {
    "an operation is gone": lambda d: d["paths"].pop("/api/v1/inbox"),
    "a method is gone": lambda d: d["paths"]["/api/v1/payments"].pop("post"),
    "a response is gone": lambda d: operation(d, START)["responses"].pop("409"),
    "a problem is gone": lambda d: operation(d, START)["responses"]["409"]["content"]["application/problem+json"][
        "examples"
    ].pop("quote_expired"),
    "a media type is gone": lambda d: operation(d, START)["responses"]["201"]["content"].pop("application/json"),
    "a header is gone": lambda d: operation(d, START)["responses"]["503"]["headers"].clear(),
    "a told field is gone": lambda d: schema(d, "Payment")["properties"].pop("state"),
    "a told field may be missing": lambda d: schema(d, "Payment")["required"].remove("state"),
    "a told field of a list's item is gone": lambda d: schema(d, "Part")["properties"].pop("kind"),
    "a told field has another type": lambda d: schema(d, "Amount")["properties"]["amount_minor"].update(type="string"),
    "a told field may be null": lambda d: schema(d, "Payment")["properties"].update(
        account_no={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a sent field is gone": lambda d: schema(d, "PaymentRequest")["properties"].pop("bill_nos"),
    "a sent field is newly needed": lambda d: schema(d, "PaymentRequest")["required"].append("account_no"),
    "a new field is needed": lambda d: (
        schema(d, "QuoteRequest")["properties"].update(reason={"type": "string"}),
        schema(d, "QuoteRequest")["required"].append("reason"),
    ),
    "a sent field may be null no more": lambda d: schema(d, "PaymentRequest")["properties"].update(
        account_no={"type": "string"}
    ),
    "a sent value is taken no more": lambda d: schema(d, "PaymentRequest")["properties"]["method"]["enum"].pop(),
    "a sent pattern changed": lambda d: schema(d, "QuoteRequest")["properties"]["account_no"].update(pattern="^x$"),
    "a sent text is shorter": lambda d: schema(d, "QuoteRequest")["properties"]["name_hint"].update(maxLength=1),
    "a sent number is smaller": lambda d: schema(d, "PaymentRequest")["properties"]["amount_minor"].update(maximum=9),
    "a sent number starts higher": lambda d: schema(d, "PaymentRequest")["properties"]["amount_minor"].update(
        minimum=100
    ),
    "a choice of a union is gone": lambda d: schema(d, "LinkRequest")["properties"]["proof"]["oneOf"].pop(),
    "a parameter is gone": lambda d: operation(d, BILLS)["parameters"].pop(),
    "a parameter is newly needed": lambda d: operation(d, BILLS)["parameters"][-1].update(required=True),
    "a new parameter is needed": lambda d: operation(d, BILLS)["parameters"].append(
        {"name": "year", "in": "query", "required": True, "schema": AMOUNT}
    ),
    "a parameter's bound is lower": lambda d: operation(d, BILLS)["parameters"][-1]["schema"].update(maximum=10),
    "a sign-in is newly needed": lambda d: operation(d, "POST /callbacks/wechat-pay").update(security=[{}]),
    "a body is newly needed": lambda d: operation(d, BILLS).update(
        requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    ),
    "a body is taken no more": lambda d: operation(d, START).pop("requestBody"),
}
ADDITIONS: dict[str, Change] = {
    "a new operation": lambda d: d["paths"].update({"/api/v1/news": {"get": operation(d, BILLS)}}),
    "a new optional field": lambda d: schema(d, "QuoteRequest")["properties"].update(reason={"type": "string"}),
    "a new told field": lambda d: (
        schema(d, "Payment")["properties"].update(note=AMOUNT),
        schema(d, "Payment")["required"].append("note"),
    ),
    "a new told value": lambda d: schema(d, "Payment")["properties"]["state"]["enum"].append("refunded"),
    "a new taken value": lambda d: schema(d, "PaymentRequest")["properties"]["method"]["enum"].append("alipay"),
    "a sent field that is needed no more": lambda d: schema(d, "PaymentRequest")["required"].remove("method"),
    "a told field that is null no more": lambda d: schema(d, "Part")["properties"].update(no={"type": "string"}),
    "a longer sent text": lambda d: schema(d, "QuoteRequest")["properties"]["name_hint"].update(maxLength=9),
    "a new choice of a sent union": lambda d: schema(d, "LinkRequest")["properties"]["proof"]["oneOf"].append(AMOUNT),
    "a new response": lambda d: operation(d, START)["responses"].update({"418": {"description": "tea"}}),
    "a new optional parameter": lambda d: operation(d, BILLS)["parameters"].append(
        {"name": "year", "in": "query", "schema": AMOUNT}
    ),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_a_breaking_change_is_refused(change: Change) -> None:
    promised = openapi.committed()
    changed = copy.deepcopy(promised)
    change(changed)
    assert openapi.breaking(promised, changed)


@pytest.mark.parametrize("change", ADDITIONS.values(), ids=ADDITIONS.keys())
def test_an_addition_is_no_break(change: Change) -> None:
    promised = openapi.committed()
    changed = copy.deepcopy(promised)
    change(changed)
    assert changed != promised
    assert openapi.breaking(promised, changed) == []


def test_the_command_writes_additions_and_refuses_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["openapi", *arguments])
        return openapi.main()

    promised = openapi.current()
    monkeypatch.setattr(openapi, "FILE", tmp_path / "openapi.json")
    wider = copy.deepcopy(promised)
    wider["paths"]["/api/v1/gone"] = copy.deepcopy(wider["paths"]["/api/v1/inbox"])
    openapi.FILE.write_text(openapi.text_of(wider))
    assert run("--write") == 1
    assert "breaking: GET /api/v1/gone: gone" in capsys.readouterr().out
    assert run("--write", "--break") == 0
    assert openapi.committed() == promised
    del wider["paths"]["/api/v1/gone"], wider["paths"]["/api/v1/inbox"]
    openapi.FILE.write_text(openapi.text_of(wider))
    assert run() == 1
    assert "python -m tools.openapi --write" in capsys.readouterr().out
    assert (run("--write"), run()) == (0, 0)
