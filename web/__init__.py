"""What both HTTP edges share: guard, session scope, caller, access, idempotency, problems and their texts, locale, live status."""
