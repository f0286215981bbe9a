"""Payment orders with their parts and attempts: money in, booked once and never lost.

An order is what a payer wants to pay; each attempt is one number at a provider, with parts that say for what
it is. Whatever a provider says, by callback or asked, goes through `operations.apply_provider_result`, which posts
to the ledger and settles payables in one transaction. Publishes PaymentBooked, PaymentSuspended, PaymentAssigned,
PaymentAttemptClosed.
Never believes a browser, never knows what a bill is (billing implements `ports.Payable`), never calls a provider inside
a transaction.
"""
