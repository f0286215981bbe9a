-- Prolong the leases of living runs, served by pk_idempotency; answers how many of them still hold their key.
with renewed as (
  update idempotency i set leased_until = now() + make_interval(secs => :lease_s)
  from unnest(cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[]), cast(:runs as uuid[]))
    r (caller, route, key, run)
  where i.caller = r.caller and i.route = r.route and i.key = r.key and i.run = r.run and i.status is null
  returning 1
)
select count(*) from renewed
