"""Words for bills, payments and the books."""

from typing import Final

from portal.words.mark import N_

BILL_ITEMS: Final = {
    "energy": N_("Electricity"),
    "energy.sharp": N_("Electricity, sharp peak"),
    "energy.peak": N_("Electricity, peak"),
    "energy.flat": N_("Electricity, flat"),
    "energy.valley": N_("Electricity, valley"),
    "energy.deep_valley": N_("Electricity, deep valley"),
    "energy.tier1": N_("Electricity, tier 1"),
    "energy.tier2": N_("Electricity, tier 2"),
    "energy.tier3": N_("Electricity, tier 3"),
    "demand": N_("Demand charge"),
    "power_factor": N_("Power-factor adjustment"),
    "fixed": N_("Fixed charge"),
    "late_fee": N_("Late fee"),
    "other": N_("Other"),
    "funds.renewable_energy": N_("Renewable energy surcharge"),
    "funds.reservoir_resettlement": N_("Reservoir resettlement fund"),
    "funds.water_projects": N_("Water projects fund"),
    "funds.other": N_("Other funds"),
    "tax.vat": N_("Value-added tax"),
    "tax.electricity": N_("Electricity tax"),
    "tax.other": N_("Other taxes"),
}
MEASURES: Final = {
    "kWh": N_("kWh"),
    "kW": N_("kW"),
    "kVA": N_("kVA"),
    "kvarh": N_("kvarh"),
    "month": N_("month"),
    "day": N_("day"),
}
LEDGER: Final = {
    "receivable": N_("Receivable"),
    "prepaid": N_("Prepaid balance"),
    "suspense": N_("Suspense"),
    "transfer": N_("Transfer"),
    "opening": N_("Opening balance"),
    "bank": N_("Bank"),
    "revenue.energy": N_("Revenue, electricity"),
    "revenue.demand": N_("Revenue, demand"),
    "revenue.power_factor": N_("Revenue, power factor"),
    "revenue.fixed": N_("Revenue, fixed charges"),
    "revenue.late_fee": N_("Revenue, late fees"),
    "revenue.other": N_("Revenue, other"),
    "points.balance": N_("Points"),
    "points.expense": N_("Points, expense"),
    "points.expired": N_("Points, expired"),
    "points.spent": N_("Points, spent"),
    "expense.refunded_twice": N_("Expense, refunded twice"),
}
LEDGER_PURPOSES: Final = {
    "clearing": N_("Clearing, %(provider)s"),
    "fee": N_("Provider's fees, %(provider)s"),
    "refund": N_("Refunds, %(provider)s"),
}
"""Accounts that there are for each provider."""
POSTINGS: Final = {
    1: N_("Bill"),
    2: N_("Credit note"),
    3: N_("Prepaid applied"),
    4: N_("Late fee"),
    5: N_("Payment"),
    6: N_("Refund"),
    7: N_("Payment without owner"),
    8: N_("Assigned away"),
    9: N_("Assigned here"),
    12: N_("Opening balance"),
    16: N_("Adjustment"),
}
PROVIDERS: Final = {
    "wechat_pay": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "card": N_("Bank card"),
    "cash": N_("Cash"),
}
MERCHANTS: Final = {
    "default": N_("the default"),
}
METHODS: Final = {
    "wechat_native": N_("WeChat Pay by QR code"),
    "wechat_h5": N_("WeChat Pay from a phone's browser"),
    "wechat_jsapi": N_("WeChat Pay inside WeChat"),
    "wechat_app": N_("WeChat Pay from an app"),
}
PAYMENTS: Final = {
    "open": N_("Waiting for the payer"),
    "waiting": N_("Waiting for the payer"),
    "created": N_("Not sent"),
    "prepared": N_("Waiting for the payer"),
    "pending": N_("Waiting for the payer"),
    "unknown": N_("Unknown"),
    "paid": N_("Paid"),
    "suspended": N_("In suspense"),
    "assigned": N_("Given its place"),
    "returned": N_("Going back"),
    "closed": N_("Ended unpaid"),
    "failed": N_("Failed"),
}
"""States of payments and of their attempts."""
CALLBACKS: Final = {
    "booked": N_("Booked"),
    "suspended": N_("Put into suspense"),
    "ended": N_("Ended the attempt"),
    "refund_taken": N_("On its way back"),
    "refund_done": N_("Sent back"),
    "refund_failed": N_("Did not go back"),
    "refund_abnormal": N_("Stuck with the payer"),
    "refund_contested": N_("Went out twice"),
}
REFUNDS: Final = {
    "approved": N_("To be asked for"),
    "started": N_("On its way back"),
    "done": N_("Sent back"),
    "failed": N_("Did not go back"),
    "abnormal": N_("Stuck with the payer"),
    "contested": N_("Went out twice"),
    "lost": N_("Borne by the supplier"),
}
SUSPENSE: Final = {
    "unknown_order": N_("No order of ours has this number"),
    "amount_differs": N_("Another amount came than was asked for"),
    "settling_failed": N_("It could not be booked where it belongs"),
    "second_transaction": N_("The same order was paid twice"),
    "transaction_claimed": N_("The provider names this order for money that is booked for another"),
}
SUSPENSE_STATES: Final = {
    "open": N_("Undecided"),
    "assigned": N_("Given its place"),
    "returned": N_("Going back"),
    "matched": N_("Matched"),
}
