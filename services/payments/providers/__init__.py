"""One folder per provider; only `app.wiring` imports them."""
