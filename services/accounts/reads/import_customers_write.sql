-- New and changed customers.
insert into customer (customer_no, kind, name_sealed, name_masked, tokens, fingerprint)
select distinct on (k.customer_no) k.customer_no, s.customer_kind, k.name_sealed, k.name_masked, k.tokens, s.customer_print
from sealed_customer k join staged_account s on s.customer_no = k.customer_no
order by k.customer_no
on conflict (customer_no) do update set kind = excluded.kind, name_sealed = excluded.name_sealed, name_masked = excluded.name_masked,
  tokens = excluded.tokens, fingerprint = excluded.fingerprint
