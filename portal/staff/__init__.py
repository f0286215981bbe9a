"""The console: pages for the supplier's staff. Each says in one line what its reader must be allowed (`requires`)."""
