-- How often somebody of the staff saw something in clear since a moment, among their last thousand acts. Served by ix_audit_actor backwards.
select count(*)
from (select act, recorded_at from audit where actor = :actor order by id desc limit 1000) a
where a.act like '%.revealed' and a.recorded_at > :since
