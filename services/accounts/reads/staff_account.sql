-- One account as staff see it, where they may view accounts: holder, contact points and address masked; and which of :permissions they have there.
-- Served by uq_account_account_no and keys.
select a.id, a.account_no, a.unit_id, a.currency, a.class as account_class, a.state, a.holder_since, u.code as unit_code, u.name as unit_name,
  c.customer_no, c.kind as customer_kind, c.name_masked as holder, premises_address(p.district, p.street, p.building) as address,
  p.premises_no, p.door_sealed is not null as has_door, c.id as customer_id,
  (select coalesce(array_agg(k.address_masked order by k.id), '{}') from contact_point k where k.customer_id = c.id) as contacts,
  exists (select from contact_point k where k.customer_id = c.id and k.kind = 'phone') as has_phone,
  (select coalesce(array_agg(m.meter_no order by m.meter_no), '{}') from (select meter_no from meter where account_id = a.id and removed_on is null limit 20) m) as meters,
  (select coalesce(jsonb_agg(jsonb_build_array(m.meter_no, m.installed_on, m.removed_on) order by m.removed_on desc nulls first, m.id desc), '[]')
    from (select * from meter where account_id = a.id order by removed_on desc nulls first, id desc limit 20) m) as placed,
  g.tariff_code, g.is_prepaid,
  (select coalesce(jsonb_agg(jsonb_build_array(h.tariff_code, h.valid_from, h.valid_to) order by h.valid_from desc), '[]')
    from (select * from agreement where account_id = a.id order by valid_from desc limit 5) h) as agreed,
  (select coalesce(jsonb_agg(jsonb_build_array(e.id, e.kind, e.value::text, e.valid_from, e.valid_to, e.document) order by e.kind, e.valid_from), '[]')
    from (select * from entitlement where account_id = a.id and (valid_to is null or valid_to >= cast(cast(:now as timestamptz) as date)) order by kind, valid_from limit 20) e) as entitled,
  array(select w.name from unnest(cast(:permissions as text[])) w (name)
    where exists (select from staff_units(:staff_id, w.name, :now) s where s.unit_id = a.unit_id)) as may
from account a
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
left join lateral (
  select tariff_code, is_prepaid from agreement where account_id = a.id order by valid_from desc limit 1
) g on true
where a.account_no = :account_no and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
