"""Words of the console's own: roles and rights of staff, lists, tasks, imports, requests, programs."""

from typing import Final

from portal.words.mark import N_

ROLES: Final = {
    "agent": N_("Agent"),
    "finance": N_("Finance"),
    "auditor": N_("Auditor"),
    "manager": N_("Manager"),
    "admin": N_("Administrator"),
}
PERMISSIONS: Final = {
    "accounts.view": N_("Find accounts and customers, and read what concerns them; personal data masked"),
    "accounts.reveal": N_("See a telephone number or a door in clear, for a reason that is kept"),
    "accounts.note": N_("Write notes about a customer"),
    "accounts.edit": N_("Write down what a customer tells of an account"),
    "accounts.correct": N_("Ask for a correction of locked data"),
    "accounts.approve": N_("Decide what somebody else asks to correct"),
    "accounts.view_as": N_("See the portal as a customer sees it, without doing anything there"),
    "payments.view": N_("Read payments with their attempts, callbacks and postings"),
    "payments.check": N_("Ask a provider at once how a payment stands"),
    "payments.reveal": N_("See what a provider wrote of a payment in clear, for a reason that is kept"),
    "suspense.view": N_("Read money that came and has no place"),
    "suspense.assign": N_("Say where such money belongs"),
    "suspense.return": N_("Send such money back to whoever paid it"),
    "suspense.approve": N_("Decide what somebody else asks to do with such money"),
    "imports.view": N_("Read reports of imports with the rows that were refused"),
    "imports.sign_off": N_("Stand for the totals of a dry run, so that its file is loaded"),
    "staff.view": N_("See who works here, with which grants"),
    "staff.manage": N_("Invite, disable and enable staff, grant and revoke what one holds oneself"),
    "staff.approve": N_("Decide what somebody else asks to do with staff"),
    "audit.view": N_("Read and export the audit log"),
    "webhooks.manage": N_("Say which programs are told of what happens to accounts, and tell them again"),
    "metering.view": N_("Read meter readings, with what waits in quarantine and what was estimated"),
    "metering.decide": N_("Accept, discard and estimate readings, for a reason that is kept"),
    "tariffs.view": N_("Read tariffs with all their versions"),
    "tariffs.edit": N_("Draft versions of tariffs, and ask for their publication"),
    "tariffs.approve": N_("Decide what somebody else asks to publish"),
    "health.view": N_("See how the whole deployment is doing"),
}
LISTS: Final = {
    "people": N_("Staff"),
    "audit": N_("Audit log"),
    "gaps": N_("Missing data"),
    "rejects": N_("Rejected rows"),
    "vanished": N_("Known and not in the file"),
    "suspense": N_("Suspense"),
    "unknown": N_("Unknown payments"),
    "imports": N_("Imports"),
    "readings": N_("Readings in doubt"),
    "tariffs": N_("Tariffs"),
}
REQUESTS: Final = {
    "staff.grant_role": N_("Give a role"),
    "staff.reset_second_factor": N_("Replace an authenticator"),
    "staff.reset_password": N_("Replace a password"),
    "payments.assign_suspense": N_("Assign suspense"),
    "payments.return_suspense": N_("Send suspense back"),
    "payments.match_suspense": N_("Close suspense that is no money of its own"),
    "payments.decide_refund": N_("Decide who bears what went out twice"),
    "accounts.correct_data": N_("Correct locked data"),
    "tariffs.publish_tariff": N_("Publish a version of a tariff"),
}
"""What one asks and another decides."""
IMPORTS: Final = {
    "units": N_("Units"),
    "accounts": N_("Accounts"),
    "bills": N_("Bills"),
    "billing-modes": N_("Who bills"),
    "entitlements": N_("Entitlements"),
    "holidays": N_("Holidays"),
    "readings": N_("Readings"),
    "register-readings": N_("Readings of registers"),
    "slot-prices": N_("Prices of intervals"),
    "temperatures": N_("Temperatures"),
}
IMPORT_MODES: Final = {
    "load": N_("Loaded"),
    "check": N_("Dry run"),
}
IMPORTED_BILLS: Final = {
    "open": N_("All open"),
    "opening": N_("Part-paid"),
    "settled": N_("Settled"),
}
TASKS: Final = {
    "casework.expire_requests": N_("Requests for approval that nobody decided"),
    "casework.purge_files": N_("Files whose day is over forgotten"),
    "casework.write_files": N_("Lists written to files"),
    "housekeeping.check_books": N_("Check of the books"),
    "housekeeping.purge_callbacks": N_("Old callbacks forgotten"),
    "housekeeping.purge_corrections": N_("Corrections never decided forgotten"),
    "housekeeping.purge_imports": N_("Old imports forgotten"),
    "housekeeping.purge_invitations": N_("Old invitations forgotten"),
    "housekeeping.purge_link_failures": N_("Old failed links forgotten"),
    "housekeeping.purge_reading_photos": N_("Old pictures of meters forgotten"),
    "housekeeping.purge_request_keys": N_("Old request keys forgotten"),
    "identity.erase_due": N_("Erasures that are due"),
    "identity.make_exports": N_("Copies of data"),
    "identity.purge_exports": N_("Copies never taken forgotten"),
    "identity.purge_spent": N_("Spent codes and sessions forgotten"),
    "keys.rotate": N_("Data sealed anew under the latest key"),
    "keys.seal_notes": N_("Notes in clear sealed"),
    "ledger.expire_points": N_("Points that expire"),
    "ledger.roll_up": N_("House totals"),
    "metering.estimate": N_("Missing readings estimated"),
    "metering.validate": N_("Odd readings looked for"),
    "notifications.apply_chats": N_("WeChat messages acted on again"),
    "notifications.purge": N_("Old messages forgotten"),
    "notifications.send": N_("Messages sent"),
    "notifications.sweep": N_("Interrupted messages mended"),
    "payments.apply_callbacks": N_("Callbacks applied again"),
    "payments.check_attempts": N_("Questions to payment providers"),
    "payments.check_refunds": N_("Questions about refunds"),
    "payments.number_feed": N_("Payments numbered for the back office"),
    "payments.purge_guesses": N_("Old wrong guesses forgotten"),
    "payments.purge_quotes": N_("Old quotes forgotten"),
    "payments.refresh_keys": N_("Keys of providers fetched"),
    "quality.judge": N_("Quality of customer data"),
    "tariffs.make_days": N_("Price periods of the days ahead made"),
    "usage.aggregate": N_("Usage by day and month"),
    "webhooks.purge": N_("Old webhook messages forgotten"),
}
CHECKS: Final = {
    "billing": N_("Bills"),
    "bills": N_("Bills"),
    "ledger": N_("Ledger"),
    "payments": N_("Payments"),
    "usage": N_("Usage"),
}
EVENTS: Final = {
    "payment.booked": N_("A payment was booked"),
    "payment.assigned": N_("Suspense was assigned"),
    "payment.unassigned": N_("An assignment was taken back"),
    "bill.issued": N_("A bill was issued"),
    "bill.amended": N_("A bill was amended"),
    "bill.settled": N_("A bill was settled"),
    "account.linked": N_("An account was linked"),
    "account.holder_changed": N_("An account has a new holder"),
    "webhook.test": N_("A test"),
}
"""What programs are told of."""
PROGRAM_SCOPES: Final = {
    "units.write": N_("Write units"),
    "accounts.write": N_("Write accounts"),
    "bills.write": N_("Write bills"),
    "accounts.read": N_("Read accounts"),
    "payments.read": N_("Read payments"),
    "readings.write": N_("Write readings"),
    "tariffs.read": N_("Read tariffs"),
    "tariffs.write": N_("Write tariffs"),
}
