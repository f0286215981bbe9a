-- What stands in the locked fields of an account, and since when its dated things may not have been others: the last day that is known of its
-- meters, and the first of its latest agreement. Served by keys, ix_meter_account_id and pk_agreement.
select a.id as account_id, c.id as customer_id, c.customer_no, p.id as premises_id, p.premises_no, c.name_sealed, c.kind, a.class as use_class,
  p.district, p.street, p.building, p.door_sealed, g.id as agreement_id, g.valid_from as agreed_from, g.tariff_code, g.is_prepaid,
  a.state = 'closed' as is_closed,
  (select coalesce(string_agg(m.meter_no, ', ' order by m.meter_no), '') from meter m where m.account_id = a.id and m.removed_on is null) as meter,
  (select max(greatest(m.installed_on, m.removed_on)) from meter m where m.account_id = a.id) as metered_from
from account a
join customer c on c.id = a.customer_id
join premises p on p.id = a.premises_id
left join lateral (select id, tariff_code, is_prepaid, valid_from from agreement l where l.account_id = a.id order by l.id desc limit 1) g on true
where a.id = :account_id
