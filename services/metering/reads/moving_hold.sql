-- Keep what was measured while its meter was at no account, or could not be written where it was: a day of intervals, by its sum, or what a register showed. Served by
-- uq_reading_quarantine_said.
insert into reading_quarantine (account_id, kind, meter_no, channel, start_at, minutes, energy, quality, reason, source, recorded_at, recorded_by)
values (:account_id, :kind, :meter_no, :channel, :start_at, :minutes, :energy, :quality, 'strayed', 'file', :now, :actor)
on conflict (account_id, meter_no, channel, start_at, kind, minutes, energy, reason)
  do update set state = 'open', decided_at = null, decided_by = null, decided_why = null, recorded_at = excluded.recorded_at
