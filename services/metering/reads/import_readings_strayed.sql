-- Take out intervals of days on which their meter was at no account, where the same record has others of days on which it was: days of a format may
-- begin at another midnight, and a meter came or left at ours. Reads the whole of a chunk.
with strayed as (
  delete from typed_interval s
  where s.is_known and s.account_id is null and s.row_no in (select row_no from typed_interval where account_id is not null)
  returning s.row_no
)
select distinct row_no, 'meter_no' as field, 'is a meter that was at no account on this day' as reason from strayed
