-- Intervals of meters that are not at accounts of a program's units, in the words for meters that do not exist; those of days on which a meter was at
-- no account too, unless it was at one of these once. Reads the whole of a chunk. Served by uq_meter_present, ix_meter_former and pk_account.
with reach as materialized (select unit_id from service_units(:program))
select distinct s.row_no, 'meter_no' as field, 'is no known meter' as reason
from typed_interval s
where s.account_id is not null and s.unit_id not in (select unit_id from reach)
  or s.account_id is null and s.is_known
    and not exists (
      select from meter m join account a on a.id = m.account_id
      where m.meter_no = s.meter_no and m.removed_on is null and a.unit_id in (select unit_id from reach))
    and not exists (
      select from meter m join account a on a.id = m.account_id
      where m.meter_no = s.meter_no and m.removed_on is not null and a.unit_id in (select unit_id from reach))
