"""The ring turned by the command while others read and write the same cells, some of them with yesterday's settings."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest

from core import rotation
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from tests.core.test_rotation import DOOR, cells, turned, vault_of
from tests.factories.accounts import make_account
from tests.support.processes import environment_of, wattline
from tests.support.waiting import wait_until

HOUSES: Final = 300
READ: Final = "select premises_no, door_sealed from premises order by premises_no"
MORE: Final = """
insert into premises (premises_no, district, street, building, door_sealed, fingerprint)
values (:no, '', '', '', :sealed, ''::bytea)
"""


@dataclass
class Load:
    """What readers and writers did, and what went wrong with them."""

    reads: int = 0
    wrong: list[BaseException] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


def sealed(vault: Vault, number: str, text: str) -> bytes:
    return vault.seal(table="premises", column="door", owner=f"premises:{number}", text=text)


@pytest.fixture
def houses(database: Database, settings: Settings) -> list[str]:
    """Doors that lie under the old key."""
    vault = vault_of(settings)
    with database.write() as session:
        make_account(session, vault)
        numbers = [f"H{number:05}" for number in range(HOUSES)]
        for number in numbers:
            session.sql(MORE, no=number, sealed=sealed(vault, number, "old"))
    return numbers


def read(database: Database, vault: Vault, load: Load) -> None:
    """Open every door once."""
    with database.read() as session:
        rows = session.sql(READ).all()
    for row in rows:
        if row.door_sealed is not None:
            vault.open(
                table="premises",
                column="door",
                owner=f"premises:{row.premises_no}",
                sealed=bytes(row.door_sealed),
            )
    load.reads += 1


@contextmanager
def working(load: Load, *work: Callable[[int], None]) -> Iterator[None]:
    """Each does its work again and again until the block ends; what is raised is kept."""
    over = threading.Event()

    def go_on(each: Callable[[int], None]) -> None:
        try:
            for turn in itertools.count():
                if over.is_set():
                    return
                each(turn)
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test tells it
            load.wrong.append(error)

    threads = [threading.Thread(target=go_on, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_while_the_ring_is_turned_no_read_fails_and_no_write_is_lost(
    database: Database, settings: Settings, owner_dsn: str, houses: list[str]
) -> None:
    after, load = turned(settings), Load()
    new = vault_of(after)
    first, *others = settings.data_key_ring.items()
    late = Vault(data_keys=dict([first, *others, *list(after.data_key_ring.items())[:1]]), master_key=bytes(32))
    assert late.key_id != new.key_id, "a process that knows the new key, and still seals with the old one"

    def writer(vault: Vault, mine: list[str]) -> Callable[[int], None]:
        def write(turn: int) -> None:
            number = mine[turn % len(mine)]
            text = f"{vault.key_id} {turn}"
            with database.write() as session:
                session.sql(DOOR, no=number, sealed=sealed(vault, number, text))
            load.written[number] = text

        return write

    with working(
        load,
        lambda turn: read(database, (new, late)[turn % 2], load),
        writer(new, houses[0::3]),
        writer(late, houses[1::3]),
    ):
        wait_until(lambda: load.reads > 3 and len(load.written) > 3, timeout_s=60, message="nobody reads or writes")
        done = wattline(environment_of(after), "rotate-keys", "--json")
        assert done.returncode == 0, done.stderr
        so_far = load.reads
        wait_until(lambda: load.reads > so_far, timeout_s=60, message="nobody reads any more")
    assert load.wrong == []
    assert rotation.rotate(database, vault=new)
    doors = {cell.owner.removeprefix("premises:"): cell for cell in cells(owner_dsn) if cell.column.table == "premises"}
    assert {number: cell.text(new) for number, cell in doors.items()} == {
        number: load.written.get(number, "old") for number in houses
    }
    assert {number for number, cell in doors.items() if not cell.sealed.startswith(new.head)} <= set(houses[1::3])
    with database.write() as session:
        session.sql("update key_rotation set finished_at = finished_at - interval '2 days'")
    assert rotation.rotate(database, vault=new), "the next day what was sealed late is found"
    assert {cell.sealed[: len(new.head)] for cell in cells(owner_dsn)} == {new.head}
