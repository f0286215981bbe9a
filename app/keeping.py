"""Whose each table's rows are, how long they are kept, and what takes them away.

The page docs/reference/personal-data.md is made from this list. A table that is not in it fails a test.
"""

import enum
from dataclasses import dataclass
from typing import Final


class Whose(enum.StrEnum):
    """About whom a row tells."""

    PERSON = "a person who signs in"
    HOLDER = "a customer of the supplier"
    STAFF = "a member of staff"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Kept:
    """One table. `section` is its part of a person's copy; `by` the task that takes old rows away, by the clock."""

    table: str
    whose: Whose
    about: str
    kept: str
    by: str = ""
    section: str = ""


_P, _H, _S, _N = Whose.PERSON, Whose.HOLDER, Whose.STAFF, Whose.NOBODY
_BOOKS: Final = "for ever: the books; names nobody"
_HOLDER: Final = "until `wattline erase-customer`, after the years of `WATTLINE_CUSTOMER_RETENTION_YEARS`"
_USED: Final = "for ever: what bills stand on; names nobody"
_PERSON: Final = "until the person is erased"

KEPT: Final = (
    Kept("service_client", _N, "programs of the back office", "for ever: the audit log names them by id"),
    Kept("service_unit", _N, "units in which programs may read and write", "until others are given"),
    Kept("service_client_secret", _N, "hashes of their secrets", "until replaced"),
    Kept(
        "account_profile",
        _H,
        "what was told of an account: contact wish, people, equipment",
        _HOLDER + "; until another holder, or the person who told it is erased",
        section="told_details",
    ),
    Kept(
        "data_correction",
        _H,
        "corrections of locked data: sealed until decided, 4 days at most, then masked",
        "for ever, as evidence; its content " + _HOLDER,
        "housekeeping.purge_corrections",
    ),
    Kept("account_search", _H, "64 bits of keyed hashes of name and telephone, and of the address", _HOLDER),
    Kept("account_gap", _H, "what is missing of an account, as bits", "until it is there"),
    Kept("unit_quality", _N, "counts of a unit's data", "400 days", "quality.judge"),
    Kept("quality_round", _N, "how far a day's count has come", "400 days", "quality.judge"),
    Kept(
        "account_note",
        _H,
        "what staff wrote about an account and its holder, sealed",
        "that it was written, for ever; its text " + _HOLDER + "; a telephone number in it until its person is erased",
    ),
    Kept("wechat_identity", _P, "their WeChat, sealed; the copy has application and times", _PERSON, section="wechat"),
    Kept("wechat_union", _P, "keyed hashes that join their identities: not exported, they tell nothing", _PERSON),
    Kept(
        "wechat_follower",
        _P,
        "who follows an official account, sealed: not exported, unless it is a person's WeChat it is nobody's",
        "as long as they follow, and 30 days after they left; until the person is erased",
        "identity.purge_spent",
    ),
    Kept("app_user", _P, "telephone, language", _PERSON, section="person"),
    Kept("session_family", _P, "devices", "30 days after their end", "identity.purge_spent", "devices"),
    Kept("refresh_token", _P, "hashes that open a session: not exported", "with its session", "identity.purge_spent"),
    Kept(
        "otp_challenge",
        _P,
        "keyed hashes of codes: not exported, they prove nothing to their person",
        "30 days",
        "identity.purge_spent",
    ),
    Kept(
        "sign_in_limit",
        _P,
        "keyed hashes that are counted: not exported, as above",
        "as long as they limit something",
        "identity.purge_spent",
    ),
    Kept(
        "consent",
        _P,
        "decisions",
        "for ever, as evidence; after erasure of an id that leads to nobody",
        section="consents",
    ),
    Kept("data_export", _P, "the copy itself: not exported into itself", "3 days", "identity.purge_exports"),
    Kept("erasure", _P, "the wish to be erased: not exported, shown on its page", "for ever, as evidence"),
    Kept("access_grant", _P, "which accounts they may act for", _PERSON, section="grants"),
    Kept("account_group", _P, "accounts they put together, the name they gave", _PERSON, section="account_groups"),
    Kept("account_group_member", _P, "which accounts: not exported by itself, told with its group", _PERSON),
    Kept(
        "access_invitation",
        _P,
        "whom they invited, masked; the telephone of the invited while it is open",
        "90 days",
        "housekeeping.purge_invitations",
        "invitations",
    ),
    Kept("link_failure", _P, "wrong proofs", "30 days", "housekeeping.purge_link_failures", "failed_links"),
    Kept(
        "payment_order",
        _P,
        "what they paid",
        "for ever: the books; after erasure of an id that leads to nobody",
        section="payments",
    ),
    Kept(
        "payment_attempt",
        _P,
        "what was sent to the provider, sealed: not exported, a part of the payment; emptied by erasure",
        "for ever: the books",
    ),
    Kept(
        "payment_quote",
        _P,
        "leave to pay for others",
        "30 days after its end, unless paid",
        "payments.purge_quotes",
        "quotes",
    ),
    Kept("payment_quote_failure", _P, "wrong guesses of a name", "1 day", "payments.purge_guesses", "failed_quotes"),
    Kept(
        "message",
        _P,
        "what they were told; of customers' contact points too",
        "400 days after its end",
        "notifications.purge",
        "messages",
    ),
    Kept("message_attempt", _N, "tries to send a message, by its id", "with its message", "notifications.purge"),
    Kept("message_finding", _N, "what providers said of a try", "with its message", "notifications.purge"),
    Kept("webhook_endpoint", _N, "addresses of the supplier's programs", "for ever: the audit log names them by id"),
    Kept("webhook_delivery", _H, "what programs are told: numbers and amounts", "30 days", "webhooks.purge"),
    Kept(
        "audit",
        _P,
        "what they did, and from where",
        "for ever; erasure takes the network addresses, and reasons that staff typed about accounts and payments",
        section="acts",
    ),
    Kept(
        "idempotency",
        _P,
        "answers of the last days: not exported, copies of what else is",
        "7 days",
        "housekeeping.purge_request_keys",
    ),
    Kept(
        "inbox",
        _P,
        "callbacks as they came, a payer's openid in the provider's own encryption, chats sealed: not exported, "
        "copies of what else is",
        "90 days after they were applied; emptied by erasure",
        "housekeeping.purge_callbacks",
    ),
    Kept("outbox", _N, "facts on their way, ids only", "until delivered"),
    Kept("customer", _H, "name, sealed; keyed hashes to search by", _HOLDER),
    Kept(
        "contact_point",
        _H,
        "telephones and mail addresses, sealed",
        _HOLDER + "; a mail address until the person who told it is erased",
        section="told_details",
    ),
    Kept("premises", _H, "street and building in clear, door sealed", "for ever; the door " + _HOLDER),
    Kept("account", _H, "numbers and states", _BOOKS),
    Kept("agreement", _H, "tariffs of an account", _BOOKS),
    Kept("holder_before", _H, "days on which an account got a holder who left again, without who it was", _BOOKS),
    Kept("holding_change", _N, "days on which agreements or holders of accounts begin or end now", "for minutes"),
    Kept(
        "entitlement",
        _H,
        "what tariffs ask of an account: people, flags, contract demand, transformers",
        _HOLDER + "; what is measured stays with the account",
        section="entitlements",
    ),
    Kept("meter", _H, "meters of an account", _BOOKS),
    Kept("reading_series", _H, "which meters are read, in which intervals", _BOOKS),
    Kept("interval_day", _H, "what was used in each interval", _BOOKS),
    Kept("interval_day_revision", _H, "what a day of readings was before it changed", _BOOKS),
    Kept("interval_estimate", _H, "by which rule readings were estimated", _BOOKS),
    Kept("meter_register", _H, "registers of meters", _BOOKS),
    Kept("register_reading", _H, "what registers showed, and who read them", _BOOKS),
    Kept(
        "reading_photo",
        _P,
        "pictures of meters that they took, sealed: not exported, whoever took one sees it beside its reading",
        "`WATTLINE_READINGS_PHOTO_DAYS` days; until the person is erased, or tells the reading anew",
        "housekeeping.purge_reading_photos",
    ),
    Kept(
        "own_reading",
        _P,
        "what they read from meters themselves, and what became of it",
        "for ever: what bills stand on; whose it was, until the person is erased",
        section="meter_readings",
    ),
    Kept("reading_quarantine", _H, "readings that were not believed, and who decided about them", _BOOKS),
    Kept("reading_finding", _H, "what rules found odd in readings, and who dismissed it", _BOOKS),
    Kept("validation_round", _N, "how far a day's validation has come", "a day", "metering.validate"),
    Kept(
        "reading_due", _N, "days of accounts that are to be estimated or looked through", "for days, until it is done"
    ),
    Kept("moved_meter", _N, "meters whose readings are to follow them", "for minutes", "metering.move"),
    Kept("usage_change", _N, "months to be summed up anew", "for minutes"),
    Kept("billing_mode", _H, "from which day on an account is billed here", _BOOKS),
    Kept("bill", _H, "bills of an account", _BOOKS),
    Kept("bill_line", _H, "lines of a bill", _BOOKS),
    Kept("bill_settlement", _H, "what settled a bill", _BOOKS),
    Kept("book", _H, "whose ledger it is, by id", _BOOKS),
    Kept("txn", _H, "what was posted", _BOOKS),
    Kept("posting", _H, "its lines", _BOOKS),
    Kept("balance", _H, "what a book comes to", _BOOKS),
    Kept("point_lot", _H, "points that were earned", _BOOKS),
    Kept("point_lot_use", _H, "points that were spent", _BOOKS),
    Kept("payment_part", _H, "what a payment was for", _BOOKS),
    Kept("payment_suspense", _H, "money without a place", _BOOKS + "; its reasons as those of requests"),
    Kept(
        "payment_refund",
        _H,
        "money on its way back to whoever paid it, by the provider's number",
        _BOOKS + "; its reasons as those of requests",
    ),
    Kept("payment_feed", _H, "what moved money, by ids, for the back office", _BOOKS),
    Kept("payment_feed_pending", _H, "the same, before it has its number", "for seconds"),
    Kept("payment_feed_state", _N, "the last number of the feed", "one row"),
    Kept("tariff", _N, "tariffs", "for ever"),
    Kept("tariff_version", _N, "what a tariff says from which day on", "for ever: bills stand on them"),
    Kept("tariff_day", _N, "which price holds at which hour of a day", "for ever: made again from versions"),
    Kept("holiday", _N, "holidays, and weekend days on which people work", "for ever"),
    Kept("temperature_day", _N, "how warm it became at a place", "for ever"),
    Kept("tariff_slot_price", _N, "what a kWh costs in an interval", "for ever: bills stand on them"),
    Kept("tariff_slot_price_revision", _N, "what such a price was before it was corrected", "for ever"),
    Kept("claim", _N, "numbers that belong to one owner", _BOOKS),
    Kept("staff", _S, "name to sign in with, name to be shown, hashes", "for ever: the audit log names them by id"),
    Kept("account_look", _S, "whose pages they looked at, and when", "for ever, as evidence"),
    Kept("staff_grant", _S, "what they may do, where, when", "for ever, as evidence"),
    Kept("staff_invitation", _S, "hashes of invitations", "30 days after their end", "identity.purge_spent"),
    Kept("staff_recovery_code", _S, "hashes of recovery codes", "until new ones are made"),
    Kept(
        "staff_filter",
        _S,
        "filters of lists that they keep; one of the audit log may hold an account's number",
        "until they delete them, or are disabled",
    ),
    Kept("staff_columns", _S, "columns of lists that they hide", "until they choose others, or are disabled"),
    Kept("staff_session", _S, "browsers of staff", "30 days after their end", "identity.purge_spent"),
    Kept(
        "approval_request",
        _S,
        "who asked for what, who decided",
        "for ever, as evidence; reasons until whom they are about is erased",
    ),
    Kept(
        "staff_file",
        _S,
        "lists that they asked for as files; a filter of the audit log may hold an account's number",
        "1 day, or until they delete it",
        "casework.purge_files",
    ),
    Kept(
        "staff_file_piece",
        _P,
        "rows of these files, sealed: not exported, copies of what else is; of the audit log written anew by erasure",
        "with its file",
        "casework.purge_files",
    ),
    Kept("unit", _N, "the supplier's tree", "for ever"),
    Kept("staff_role", _N, "roles", "for ever"),
    Kept("staff_role_permission", _N, "what roles allow", "for ever"),
    Kept("sign_in_budget", _N, "codes sent per day", "30 days", "identity.purge_spent"),
    Kept(
        "import_run",
        _N,
        "files that were imported, by name and digest, and who ran them",
        "400 days",
        "housekeeping.purge_imports",
    ),
    Kept(
        "import_reject",
        _N,
        "why a row was refused, never its values",
        "with its run; the first 1,000 of a run and unit once all are in a file",
        "housekeeping.purge_imports",
    ),
    Kept("import_total", _N, "what an import came to in a unit", "with its run", "housekeeping.purge_imports"),
    Kept("import_amount", _N, "sums of bills of an import", "with its run", "housekeeping.purge_imports"),
    Kept("import_seen", _N, "what a running import has met", "until the run ends", "housekeeping.purge_imports"),
    Kept("import_vanished", _N, "accounts and bills not in a file", "with its run", "housekeeping.purge_imports"),
    Kept("import_sign_off", _S, "who stands for totals of an import", "with its run", "housekeeping.purge_imports"),
    Kept("usage_day", _H, "what an account used on a day, by price period: made of its readings", _USED),
    Kept("usage_month", _H, "what an account used in a month, by price period: sums of its days", _USED),
    Kept("usage_cost", _H, "what the use of a month costs, line by line", _USED),
    Kept("usage_unpriced", _N, "months in which something may have no cost", "for minutes"),
    Kept("usage_stale", _N, "versions that are others now, or their days", "until what stands on them is made anew"),
    Kept("usage_round", _N, "how far a walk over all accounts has come", "one row per walk"),
    Kept(
        "dry_run",
        _S,
        "tariffs that they tried on many accounts, or programs did",
        "1 day",
        "usage.purge_dry_runs",
    ),
    Kept(
        "dry_run_account",
        _H,
        "what a month of an account comes to in such a trial",
        "with its run",
        "usage.purge_dry_runs",
    ),
    Kept("payment_provider_health", _N, "failures of a provider", "one row per provider"),
    Kept("payment_provider_certificate", _N, "public keys of a provider", "a few rows per provider"),
    Kept("payment_callback_refusal", _N, "forged callbacks, counted", "a few rows per day, for ever"),
    Kept("scheduled_round", _N, "when each task of the schedule ran last, and how that ended", "one row per task"),
    Kept("set_aside", _N, "accounts and months of them at which work by the clock failed, and why", "until it is done"),
    Kept("key_rotation", _N, "how far a rotation has come", "one row per sealed column"),
    Kept("ledger_check", _N, "how far a check has come", "one row per check"),
    Kept("ledger_rollup", _N, "totals of the house", _BOOKS),
    Kept("ledger_horizon", _N, "how far the totals have come", "one row"),
    Kept("ledger_asset", _N, "codes of assets", "for ever"),
    Kept("ledger_code", _N, "the chart of accounts", "for ever"),
    Kept("bill_line_code", _N, "codes of lines", "for ever"),
    Kept("alembic_version", _N, "the schema's version", "one row"),
)
