"""The process that `benchmarks.imports` measures: imports files given as `kind=path`, then says its peak memory."""

import json
import resource
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from core import clock, intake
from core.crypto.vault import Vault
from core.db import Database
from core.intake import Loader
from services.accounts.operations import AccountsLoader
from services.billing import queries as billing
from services.billing.operations import BillsLoader
from services.metering.operations import Limits, ReadingsLoader, ReadingSource, Sender

KEY = bytes(range(32))
ZONE = ZoneInfo("Asia/Shanghai")
LIMITS = Limits(most_kw=50_000, most_home_kw=100, oldest_days=7305)


def main() -> int:
    """Import; exit code 1 when anything was rejected or an invariant is broken."""
    dsn, *named = sys.argv[1:]
    vault = Vault(data_keys={"bench": KEY}, master_key=KEY)
    loaders: dict[str, Loader] = {
        "accounts": AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN",), zone=ZONE),
        "bills": BillsLoader(zone=ZONE, now=clock.now()),
        "readings": ReadingsLoader(Sender(ReadingSource.FILE, intake.COMMAND, ZONE, clock.now(), LIMITS)),
    }
    db = Database(dsn, pool_size=14, deadline_s=intake.DEADLINE_S, statement_timeout_s=intake.DEADLINE_S)
    begun = time.monotonic()
    reports = [
        intake.run(db, path=Path(path), loader=loaders[kind])
        for kind, _, path in (each.partition("=") for each in named)
    ]
    lasted = time.monotonic() - begun
    rejected, changed = (sum(getattr(each, name) for each in reports) for name in ("rejected", "changed"))
    with db.read() as session:
        broken = billing.check_invariants(session, last_account=10_000)
    db.close()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"lasted_s": lasted, "peak_kib": peak_kib, "changed": changed}))
    return 1 if rejected or broken else 0


if __name__ == "__main__":
    sys.exit(main())
