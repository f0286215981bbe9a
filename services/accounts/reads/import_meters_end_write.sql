-- A row that names another meter, or none, ends the time of those that its account had. Served by uq_account_account_no and ix_meter_account_id.
update meter m set removed_on = greatest((now() at time zone :zone)::date, m.installed_on)
from staged_account s join account a on a.account_no = s.account_no
where m.account_id = a.id and m.removed_on is null and m.meter_no <> s.meter_no
returning m.id
