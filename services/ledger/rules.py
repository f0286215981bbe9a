"""Which numbers the database uses for names, learnt once per process."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from core.db import ReadSession
from services.ledger.chart import Code
from services.ledger.errors import UnknownCode


@dataclass(frozen=True, slots=True)
class Chart:
    """Names and numbers of codes and assets."""

    codes: Mapping[str, int]
    assets: Mapping[str, int]

    def code(self, name: Code) -> int:
        """The number of a code."""
        if name not in self.codes:
            raise UnknownCode(name=name)
        return self.codes[name]

    def asset(self, name: str) -> int:
        """The number of a currency or of points."""
        if name not in self.assets:
            raise UnknownCode(name=name)
        return self.assets[name]


_charts: Final[WeakKeyDictionary[sa.Engine | sa.Connection, Chart]] = WeakKeyDictionary()
_lock: Final = Lock()


def chart(session: ReadSession) -> Chart:
    """The chart of this session's database. It changes with migrations only, and processes start after those."""
    bind = session.get_bind()
    with _lock:
        known = _charts.get(bind)
    if known is None:
        known = Chart(
            codes={row.name: row.code for row in session.sql("select name, code from ledger_code")},
            assets={row.name: row.asset for row in session.sql("select name, asset from ledger_asset")},
        )
        with _lock:
            _charts[bind] = known
    return known
