-- Corrections about which staged rows say anything but what was wrong: the file has the last word. A row that says nothing of a building got what
-- another row about the premises says. Served by uq_account_account_no, uq_customer_customer_no, uq_premises_premises_no and the unique indexes
-- of data_correction.
update data_correction set file_said = null
where id in (
  select d.id
  from staged_account s join account a on a.account_no = s.account_no join data_correction d on d.account_id = a.id and d.file_said is not null
  where d.field <> all(s.held) and (d.field = 'use_class' or d.field = 'meter' and s.meter_no is not null
    or d.field = 'tariff' and s.tariff_code is not null or d.field = 'payment_mode' and s.tariff_code is not null and s.is_prepaid is not null)
  union all
  select d.id
  from staged_account s join customer c on c.customer_no = s.customer_no
  join data_correction d on d.customer_id = c.id and d.file_said is not null and d.field = 'kind'
  where d.field <> all(s.held)
  union all
  select d.id
  from staged_account s join premises p on p.premises_no = s.premises_no
  join data_correction d on d.premises_id = p.id and d.file_said is not null and d.field in ('district', 'street', 'building')
  where d.field <> all(s.held) and (d.field <> 'building' or s.building is not null and not exists (
    select from staged_account o where o.premises_no = s.premises_no and 'building' = any(o.held)))
)
