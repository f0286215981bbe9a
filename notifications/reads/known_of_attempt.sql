-- Whom an attempt went to, and under which number the provider took it. pk_message_attempt and pk_message_finding serve it.
select m.owner, m.address_sealed,
  (select f.provider_ref from message_finding f
   where f.attempt_id = a.id and f.provider_ref is not null order by f.id limit 1) as known_ref
from message_attempt a join message m on m.owner = a.owner and m.id = a.message_id
where a.id = :attempt_id
