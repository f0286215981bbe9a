"""The process that `benchmarks.imports` measures: imports accounts and bills, then says its peak memory."""

import json
import resource
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from core import clock, intake
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.operations import AccountsLoader
from services.billing import queries as billing
from services.billing.operations import BillsLoader

KEY = bytes(range(32))


def main() -> int:
    """Import; exit code 1 when anything was rejected or an invariant is broken."""
    dsn, accounts, bills = sys.argv[1:]
    vault = Vault(data_keys={"bench": KEY}, master_key=KEY)
    db = Database(dsn, pool_size=14, deadline_s=intake.DEADLINE_S, statement_timeout_s=intake.DEADLINE_S)
    begun = time.monotonic()
    people = AccountsLoader(
        vault, currency="CNY", phone_region="+86", locales=("zh-CN",), zone=ZoneInfo("Asia/Shanghai")
    )
    rejected = intake.run(db, path=Path(accounts), loader=people).rejected
    loader = BillsLoader(zone=ZoneInfo("Asia/Shanghai"), now=clock.now())
    rejected += intake.run(db, path=Path(bills), loader=loader).rejected
    lasted = time.monotonic() - begun
    with db.read() as session:
        broken = billing.check_invariants(session, last_account=10_000)
    db.close()
    print(json.dumps({"lasted_s": lasted, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
    return 1 if rejected or broken else 0


if __name__ == "__main__":
    sys.exit(main())
