"""Files of units, accounts and entitlements into tables, set-based; docs/reference/import-formats.md has the columns.

Nothing that is unchanged is written: clear columns are compared, sealed ones by their fingerprints.
"""

from services.accounts.operations.importing.accounts import AccountsLoader
from services.accounts.operations.importing.entitlements import EntitlementsLoader
from services.accounts.operations.importing.units import UnitsLoader
from services.accounts.operations.importing.whole import WholeAccounts

__all__ = ["AccountsLoader", "EntitlementsLoader", "UnitsLoader", "WholeAccounts"]
