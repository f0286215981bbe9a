"""What both HTTP edges share: guard, session scope, caller, access, idempotency, problems, locale, live status."""
