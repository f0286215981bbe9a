-- Messages to people of an account that are about it, the latest first, with what was learned last of each. Served by ix_message_account_ids: all that
-- are about the account and are kept are read, none that its people have of their other accounts; ix_message_attempt_owner_message_id and
-- pk_message_finding.
with about as materialized (
  select m.id, m.owner, m.channel, m.template, m.state, m.address_masked, m.created_at, m.finished_at, m.read_at, m.error_code, m.attempts
  from message m
  where m.account_ids @> array[cast(:account_id as bigint)]
)
select m.id, m.channel, m.template, m.state, m.address_masked, m.created_at, m.finished_at, m.read_at, m.error_code, m.attempts,
  f.source as learned_from, f.finding, f.code, f.learned_at
from about m
left join lateral (
  select n.source, n.finding, n.code, n.learned_at
  from message_attempt t join message_finding n on n.attempt_id = t.id
  where t.owner = m.owner and t.message_id = m.id order by n.id desc limit 1
) f on true
where m.owner = any(cast(:owners as text[])) and m.id < :before
order by m.id desc limit :limit
