-- What each staged row would do. Served by the unique keys of unit, account, customer, premises, by ix_meter_account_id and pk_agreement.
create temporary table compared_account on commit drop as
select s.row_no, u.id as unit_id, a.id is null as is_new, hashtextextended(s.account_no, 0) as key,
  a.id is not null and (
    (a.unit_id, a.customer_id, a.premises_id, a.class, a.state) is distinct from (u.id, c.id, p.id, s.class, coalesce(s.state, a.state))
    or (c.fingerprint, c.kind) is distinct from (s.customer_print, s.customer_kind)
    or (p.fingerprint, p.district, p.street, p.building)
      is distinct from (coalesce(s.premises_print, p.fingerprint), s.district, s.street, coalesce(s.building, p.building))
    or s.meter_no is not null and exists (
      select from meter o where o.account_id = a.id and o.removed_on is null and o.meter_no <> s.meter_no)
    or coalesce(s.meter_no, '') <> '' and not exists (
      select from meter o where o.account_id = a.id and o.removed_on is null and o.meter_no = s.meter_no)
    or s.tariff_code is not null
      and (g.tariff_code, g.is_prepaid, g.valid_from) is distinct from (s.tariff_code, coalesce(s.is_prepaid::boolean, g.is_prepaid), s.agreement_from::date)
  ) as is_changed
from staged_account s
join unit u on u.code = s.unit_code
left join account a on a.account_no = s.account_no
left join customer c on c.customer_no = s.customer_no
left join premises p on p.premises_no = s.premises_no
left join lateral (select tariff_code, is_prepaid, valid_from from agreement l where l.account_id = a.id order by l.id desc limit 1) g on true
