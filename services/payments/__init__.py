"""Payment orders with their parts and attempts: money in, booked once and never lost.

An order is what a payer wants to pay; its parts say for which accounts and payables; each attempt is one number at a provider. Whatever a
provider says, callback or answer, goes through `operations.apply_provider_result`, which posts to the ledger and settles payables in one
transaction. Publishes PaymentBooked, PaymentSuspended and PaymentAttemptClosed. Never believes a browser, never knows what a bill is (billing
implements `ports.Payable`), never calls a provider inside a transaction.
"""
