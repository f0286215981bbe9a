-- Keep what nobody believes; what was said before stands there already, whatever became of it. Served by uq_reading_quarantine_said.
insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, minutes, energy, quality, reason, source, recorded_at, recorded_by, run_id, row_no)
select t.account_id, 'interval', t.meter_no, t.channel, t.start, t.minutes, t.energy, t.quality, h.reason, :source, :now, :actor, :run_id, t.row_no
from held_interval h join typed_interval t on t.seq = h.seq
order by t.account_id, t.meter_no, t.channel, t.start, t.seq
on conflict do nothing
