-- New days, by account, so that the primary key grows in order.
insert into interval_day (account_id, series_id, day, energies, qualities, recorded_at, run_id)
select account_id, series_id, day, energies, qualities, :now, :run_id from merged_day where is_new order by account_id, series_id, day
