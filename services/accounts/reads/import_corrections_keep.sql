-- Staged rows that repeat what was corrected are read as corrected before they are judged (a meter that was corrected is no more at the account
-- that a file names; one that is closed has none, whatever was corrected); `held` keeps in which fields, however often this is asked. An agreement that begins before the correction of its terms is
-- read as of that day. Served by uq_account_account_no, uq_customer_customer_no, uq_premises_premises_no, the unique indexes of data_correction,
-- ix_data_correction_agreement, ix_meter_account_id and pk_agreement.
with agreed as (
  select s.row_no, a.id as account_id, g.tariff_code, g.is_prepaid, g.valid_from,
    s.agreement_from::date <= g.valid_from as is_of_now
  from staged_account s
  join account a on a.account_no = s.account_no
  cross join lateral (select tariff_code, is_prepaid, valid_from from agreement l where l.account_id = a.id order by l.id desc limit 1) g
  where exists (select from data_correction d where d.account_id = a.id and d.applied_at is not null and d.field in ('tariff', 'payment_mode'))
), repeated as (
  select s.row_no, d.field
  from staged_account s join account a on a.account_no = s.account_no join data_correction d on d.account_id = a.id and d.file_said is not null
  where d.field = 'use_class' and d.file_said = s.class 
    or d.field = 'meter' and d.file_said = s.meter_no and coalesce(s.state, a.state) <> 'closed'
  union all
  select s.row_no, d.field
  from staged_account s join customer c on c.customer_no = s.customer_no
  join data_correction d on d.customer_id = c.id and d.file_said is not null and d.field = 'kind'
  where d.file_said = s.customer_kind
  union all
  select s.row_no, d.field
  from staged_account s join premises p on p.premises_no = s.premises_no
  join data_correction d on d.premises_id = p.id and d.file_said is not null and d.field in ('district', 'street', 'building')
  where d.file_said = case d.field when 'district' then s.district when 'street' then s.street else s.building end
  union all
  select s.row_no, d.field
  from agreed g join staged_account s on s.row_no = g.row_no
  join data_correction d on d.account_id = g.account_id and d.file_said is not null and d.field in ('tariff', 'payment_mode')
  where g.is_of_now and d.file_said = case d.field when 'tariff' then s.tariff_code else s.is_prepaid end
  union all
  select g.row_no, 'agreement_from'
  from agreed g join staged_account s on s.row_no = g.row_no
  where s.agreement_from::date < g.valid_from and exists (
    select from data_correction d
    where d.account_id = g.account_id and d.effective_on = g.valid_from and d.applied_at is not null and d.field in ('tariff', 'payment_mode'))
), kept as (
  select row_no, array_agg(field) as held from repeated group by row_no
)
update staged_account s set held = s.held || k.held,
  class = case when 'use_class' = any(k.held) then a.class else s.class end,
  customer_kind = case when 'kind' = any(k.held) then c.kind else s.customer_kind end,
  district = case when 'district' = any(k.held) then p.district else s.district end,
  street = case when 'street' = any(k.held) then p.street else s.street end,
  building = case when 'building' = any(k.held) then p.building else s.building end,
  meter_no = case when 'meter' = any(k.held)
    then coalesce((select max(m.meter_no) from meter m where m.account_id = a.id and m.removed_on is null), s.meter_no) else s.meter_no end,
  tariff_code = case when 'tariff' = any(k.held) then g.tariff_code else s.tariff_code end,
  is_prepaid = case when 'payment_mode' = any(k.held) then g.is_prepaid::text else s.is_prepaid end,
  agreement_from = case when 'agreement_from' = any(k.held) then g.valid_from::text else s.agreement_from end
from kept k
join staged_account o on o.row_no = k.row_no
left join account a on a.account_no = o.account_no
left join customer c on c.customer_no = o.customer_no
left join premises p on p.premises_no = o.premises_no
left join agreed g on g.row_no = o.row_no
where s.row_no = k.row_no
