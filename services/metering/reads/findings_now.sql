-- What a slice's rules find; noted and ended at its end.
create temporary table finding_now (
  account_id bigint, kind text, meter_no text, channel text, first_day date, last_day date, found bigint, expected bigint
) on commit drop
