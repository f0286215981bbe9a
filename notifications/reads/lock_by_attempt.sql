-- The message of an attempt, locked: pk_message_attempt, then pk_message.
select m.owner, m.id, m.state, m.lease_token, m.provider_ref, m.address_sealed
from message_attempt a join message m on m.owner = a.owner and m.id = a.message_id
where a.id = :attempt_id for update of m
