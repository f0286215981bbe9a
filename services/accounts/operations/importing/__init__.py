"""Files of units and of accounts into tables, set-based; see docs/reference/import-formats.md for the columns.

Nothing that is unchanged is written: clear columns are compared, sealed ones by their fingerprints.
"""

from services.accounts.operations.importing.accounts import AccountsLoader
from services.accounts.operations.importing.units import UnitsLoader
from services.accounts.operations.importing.whole import WholeAccounts

__all__ = ["AccountsLoader", "UnitsLoader", "WholeAccounts"]
