-- What the earlier holder's household was entitled to ends today, and what was to begin later never holds; what is measured stays with the account.
-- Served by pk_entitlement.
update entitlement e set valid_to = greatest(e.valid_from, (now() at time zone :zone)::date)
from holder_changed h
where e.account_id = h.account_id and e.kind not in ('contract_kw', 'transformer_kva')
  and (e.valid_to is null or e.valid_to > greatest(e.valid_from, (now() at time zone :zone)::date))
returning e.account_id, e.valid_to
