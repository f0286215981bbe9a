"""The ledger: books, transactions and postings of money and points.

Owns `book`, `txn`, `posting`, `balance`, the lots of points and the roll-up. Only SQL functions of the migrating role
write them: whoever wants to post calls `operations.post`, and many at once `operations.post_staged`; points are moved
by `operations.earn_points` and its sisters. Publishes `LedgerPosted` when the caller asks for it, in the same
statement. Never: changes or deletes a posting, knows what a bill or a payment is, keeps a row that strangers share
(house accounts are sums over books).
"""
