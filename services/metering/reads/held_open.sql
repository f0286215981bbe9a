-- A reading of the quarantine with what waits beside it: the same reading of a register, which another account of the unit has a part in. Locked in an order that all who decide
-- keep. Served by pk_reading_quarantine, uq_meter_present, ix_meter_former, uq_reading_quarantine_said and pk_account.
select q.account_id, q.id, q.kind, q.meter_no, q.channel, q.start_at, q.minutes, q.energy, q.reason, q.state, q.source, q.photo_id
from reading_quarantine q
where q.account_id = :account_id and q.id = :id
  or (q.account_id, q.id) in (
    select t.account_id, t.id
    from reading_quarantine h
    join account a on a.id = h.account_id
    join meter m on m.meter_no = h.meter_no and m.account_id <> h.account_id
    join account b on b.id = m.account_id and b.unit_id = a.unit_id
    join reading_quarantine t on t.account_id = m.account_id and t.meter_no = h.meter_no and t.channel = h.channel and t.start_at = h.start_at
      and t.kind = h.kind and t.energy = h.energy and t.state = 'open'
    where h.account_id = :account_id and h.id = :id and h.kind = 'register')
order by q.account_id, q.id for update of q
