-- Have a meter looked through that was at more than one account: what waited may be of another one by now. Served by ix_meter_former.
insert into moved_meter (meter_no)
select :meter_no where exists (select from meter where meter_no = :meter_no and removed_on is not null)
on conflict (meter_no) do update set noted_at = now()
