-- Note the meters of some rows that say where one is. Served by pk_meter.
insert into moved_meter (meter_no)
select distinct meter_no from meter where id = any(cast(:meter_ids as bigint[])) order by meter_no
on conflict (meter_no) do update set noted_at = now()
