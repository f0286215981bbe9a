"""Bills and their lines: issued, amended, settled, and what an account owes.

Publishes BillIssued, BillAmended and BillSettled. Every change of what is owed is posted to the ledger in the same
transaction: the open parts of an account's bills always equal the receivable of its book. Never takes money itself:
payments does, through the port Payable.
"""
