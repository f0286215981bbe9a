-- Fields of level 1 of known accounts that staged rows change, before they are written. A new holder is another fact.
-- Served by uq_account_account_no, the keys of customer and premises, ix_meter_account_id and pk_agreement.
select a.id as account_id, v.field
from compared_account q
join staged_account s on s.row_no = q.row_no
join account a on a.account_no = s.account_no
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
left join sealed_customer k on k.customer_no = c.customer_no
left join lateral (select tariff_code, is_prepaid from agreement l where l.account_id = a.id order by l.id desc limit 1) g on true
cross join lateral (values
  ('name', c.customer_no = s.customer_no and k.tokens[1] <> c.tokens[1]),
  ('kind', c.customer_no = s.customer_no and s.customer_kind <> c.kind),
  ('use_class', s.class <> a.class),
  ('district', s.district <> p.district),
  ('street', s.street <> p.street),
  ('building', s.building <> p.building),
  ('door', p.premises_no = s.premises_no and s.premises_print <> p.fingerprint),
  ('meter', s.meter_no is not null and s.meter_no is distinct from coalesce(
    (select string_agg(m.meter_no, ', ') from meter m where m.account_id = a.id and m.removed_on is null), '')),
  ('tariff', s.tariff_code is distinct from g.tariff_code and s.tariff_code is not null),
  ('payment_mode', s.tariff_code is not null and s.is_prepaid::boolean <> g.is_prepaid)
) v (field, is_changed)
where q.is_changed and not q.is_new and v.is_changed
order by a.id, v.field
