-- What is known and was not seen, with how many of each unit. Reads the whole of what is known once, at the end of a run.
with known as materialized (
  select unit_id, account_no, bill_no, open_minor, currency, is_seen from (select /* known */) k
), gone as (
  insert into import_vanished (run_id, unit_id, account_no, bill_no, open_minor, currency)
  select :run_id, unit_id, account_no, bill_no, open_minor, currency from known where not is_seen
), counted as (
  insert into import_total (run_id, unit_id, vanished, is_dry)
  select :run_id, unit_id, count(*), (select mode = 'check' from import_run where id = :run_id) from known where not is_seen group by unit_id
  on conflict (run_id, unit_id) do update set vanished = excluded.vanished
)
select count(*) filter (where not is_seen) as vanished, count(*) as known from known
