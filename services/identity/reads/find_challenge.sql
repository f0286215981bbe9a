-- The code that this device may try now; one that was sent goes before one that was withheld. The lock makes the counter exact: a second try
-- waits and reads what the first wrote. Served by ix_otp_challenge_phone_blind.
select id, code_hash, state, tries
from otp_challenge
where phone_blind = :phone
  and purpose = :purpose
  and device_blind = :device
  and state in ('open', 'burnt')
  and expires_at > :now
order by (sending is distinct from 'withheld') desc, created_at desc, id desc
limit 1
for update
