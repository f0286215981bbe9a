"""Writes of billing, each inside the transaction it is given."""

from services.billing.operations.counting import WholeBills
from services.billing.operations.importing import BillsLoader
from services.billing.operations.modes import BillingModesLoader
from services.billing.operations.outdated import stop_payments
from services.billing.operations.payable import BillPayable
from services.billing.operations.settling import apply_prepaid, put_back, settle

__all__ = [
    "BillPayable",
    "BillingModesLoader",
    "BillsLoader",
    "WholeBills",
    "apply_prepaid",
    "put_back",
    "settle",
    "stop_payments",
]
