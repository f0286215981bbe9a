"""The sample mini-program: its types follow the API's document, and its client does a customer's whole way.

WeChat's own client is played by the test beside it (`examples/miniprogram/tests`), its platform and the money by the sandbox.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.factories.accounts import make_account
from tests.factories.billing import make_bill
from tests.support.deployment import Deployment
from tests.support.processes import ROOT, environment_of

HOME: Final = Path("examples/miniprogram")
DOCUMENT: Final = Path("docs/reference/openapi.json")
NAME: Final = "沈若溪"
DUE: Final = 12_860
Npm = Callable[..., "subprocess.CompletedProcess[str]"]


def needs_npm(test: Callable[..., None]) -> Callable[..., None] | None:
    """Only `make test-all` asks for npm: whoever runs a supplier's servers has none, and what it tests is an example."""
    return pytest.mark.timeout(600)(test) if os.environ.get("WATTLINE_TESTS") == "all" else None


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    """Runs npm in a copy of the example, with what its lock file names."""
    program = shutil.which("npm")
    assert program is not None, "the sample mini-program needs Node.js 20 or newer with npm"
    root = tmp_path_factory.mktemp("examples")
    ignored = shutil.ignore_patterns("node_modules", "dist", "schema.d.ts")
    shutil.copytree(ROOT / HOME, root / HOME, ignore=ignored)
    (root / DOCUMENT).parent.mkdir(parents=True)
    shutil.copy(ROOT / DOCUMENT, root / DOCUMENT)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [program, *arguments], cwd=root / HOME, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    run("ci", "--ignore-scripts")
    run("run", "types")
    return run


@needs_npm
def test_the_client_and_its_pages_keep_to_the_types_of_the_document(npm: Npm) -> None:
    npm("run", "check")


@needs_npm
def test_a_customer_signs_in_links_an_account_pays_and_reads_the_receipt(npm: Npm, deployment: Deployment) -> None:
    sandbox = deployment.sandbox
    phone, account_no = f"+86132{uuid4().int % 10**8:08d}", f"60{uuid4().int % 10**8:08d}"
    with deployment.database.write() as session:
        account = make_account(session, deployment.vault, name=NAME, phone=None, account_no=account_no)
        bill = make_bill(session, account, amount_minor=DUE, bill_no=f"B{account_no}")
    given = {
        "supplier": deployment.url,
        "sandbox": sandbox.base_url,
        "appid": sandbox.mini_program["appid"],
        "person": sandbox.wechat_person(phone)["id"],
        "other": sandbox.wechat_person()["id"],
        "phone": f"+86133{uuid4().int % 10**8:08d}",
        "account_no": account_no,
        "name_character": NAME[0],
        "last_bill_minor": DUE,
    }
    told = json.loads(npm("run", "--silent", "journey", "--", json.dumps(given)).stdout.splitlines()[-1])
    assert told["stranger"] == "PhoneNeeded"
    assert told["signedIn"] == [False, True]
    assert (told["wrong"], told["linked"]) == ("link_refused", account_no)
    assert (told["bills"], told["due"]) == ([bill.bill_no], "¥128.60")
    assert told["cancelled"] is True
    receipt = told["receipt"]
    assert (receipt["state"], receipt["amount"]["amount_minor"], receipt["method"]) == ("paid", DUE, "wechat_jsapi")
    assert [(part["no"], part["taken_minor"]) for part in receipt["parts"]] == [(bill.bill_no, DUE)]
    assert told["added"] == [True, True, False], "in by the added WeChat, until one parts from it"
    assert told["left"] == [0, 0, 0]
    assert told["refused"] == "sign_in_needed"
    assert told["kept"] == ["wattline.device"], "signing out leaves nothing that signs in"
    paid = [order for order in sandbox.orders() if order["appid"] == given["appid"] and order["state"] == "SUCCESS"]
    assert [(order["amount"], order["method"]) for order in paid] == [(DUE, "jsapi")]


@needs_npm
def test_the_way_in_the_readme_is_walked_word_for_word(npm: Npm, deployment: Deployment) -> None:
    [steps] = re.findall(
        r"^```sh\n(supplier=.+?)^```", (ROOT / HOME / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for told, real in (
        ("http://127.0.0.1:8000", deployment.url),
        ("http://127.0.0.1:8001", deployment.sandbox.base_url),
        ("wx0123456789abcdef", deployment.sandbox.mini_program["appid"]),
        ("../../.venv/bin/wattline", f"{sys.executable} -m app.cli"),
        ("npm run", f"npm --prefix {npm('prefix').stdout.strip()} run"),
    ):
        assert steps.count(told) == 1
        steps = steps.replace(told, real)
    walked = subprocess.run(
        ["sh", "-eu", "-c", steps],
        cwd=ROOT,
        env=environment_of(deployment.settings, no_proxy="127.0.0.1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert walked.returncode == 0, walked.stderr
    assert json.loads(walked.stdout.splitlines()[-1])["receipt"]["state"] == "paid"


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / HOME / "package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"].values()
    assert not [each for each in packages if "resolved" in each]
    assert all("integrity" in each for each in packages if each is not lock["packages"][""])


def test_pages_name_no_address_but_the_one_to_change() -> None:
    sources = [
        path for path in (ROOT / HOME).rglob("*") if path.suffix in {".ts", ".wxml"} and "tests" not in path.parts
    ]
    sources = [
        path for path in sources if not {"node_modules", "dist"} & set(path.parts) and path.name != "schema.d.ts"
    ]
    found = {
        address for path in sources for address in re.findall(r"https?://[^\"'\s]+", path.read_text(encoding="utf-8"))
    }
    assert found == {"https://power.example.org"}
