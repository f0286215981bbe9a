-- What staged rows of a dry run say, a new account with what stands in for what it does not say; and what earlier chunks noted of the same
-- numbers. Served by pk_import_seen.
create temporary table said_account on commit drop as
select c.row_no, c.key, n.said as noted,
  case when c.is_new and n.key is null
    then jsonb_build_object('state', 'active', 'currency', cast(:currency as text), 'premises_no', s.account_no, 'building', '', 'phone', '')
    else '{}' end
  || jsonb_strip_nulls(jsonb_build_object(
    'print', md5(jsonb_build_array(s.unit_code, s.customer_no, s.customer_kind, s.class, s.district, s.street)::text),
    'name', p.name, 'phone', p.phone, 'locale', p.locale,
    'state', s.state, 'currency', s.currency, 'premises_no', case when s.names_premises then s.premises_no end,
    'building', s.building, 'door', encode(s.premises_print, 'hex'), 'meter_no', s.meter_no,
    'tariff_code', s.tariff_code, 'agreement_from', s.agreement_from, 'is_prepaid', s.is_prepaid
  )) as said
from compared_account c
join staged_account s on s.row_no = c.row_no
join said_person p on p.row_no = c.row_no
left join import_seen n on n.run_id = :run_id and n.kind = 'number' and n.key = c.key
