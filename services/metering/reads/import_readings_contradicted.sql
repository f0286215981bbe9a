-- Rows that say other than what is taken or known, with a quality that is worse or earlier in the file, or where staff accepted what is known. A value that
-- stood there before is known, and none of these. Served by pk_interval_day_revision.
insert into held_interval (seq, reason)
select t.seq, case when j.is_accepted then 'decided' else 'contradicted' end
from typed_interval t
join chunk_day d on d.account_id = t.account_id and d.meter_no = t.meter_no and d.channel = t.channel and d.minutes = t.minutes and d.day = t.day
join judged_interval j on j.account_id = d.account_id and j.series_id = d.series_id and j.day = d.day and j.element = (t.minute / t.minutes)::int
where t.seq not in (select seq from held_interval) and t.seq not in (select seq from settled_interval)
  and t.energy is not null and t.energy is distinct from case when j.is_taken then j.energy else j.known_energy end
  and not exists (
    select from interval_day_revision v
    where v.account_id = d.account_id and v.series_id = d.series_id and v.day = d.day and v.energies[j.element + 1] = t.energy)
