-- Staged bills of a dry run whose number an earlier chunk had are known by the time they are loaded: as that row left them. Served by
-- pk_import_seen.
update typed_bill t set bill_id = coalesce(t.bill_id, 0), origin = n.said ->> 'origin', known_state = n.said ->> 'state',
  known_amount_minor = (n.said ->> 'amount')::bigint, known_open_minor = (n.said ->> 'open')::bigint,
  has_new_terms = (n.said ->> 'terms')::bigint <> s.terms, has_new_lines = (n.said ->> 'lines')::bigint <> s.lines
from said_bill s
join import_seen n on n.run_id = :run_id and n.kind = 'number' and n.key = s.key
where t.row_no = s.row_no and (n.said ->> 'account_id')::bigint = t.account_id
