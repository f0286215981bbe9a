-- How the provider of text messages answered the last hundred attempts: when it took one last, when it did not, and how many it has not taken since.
-- Served by pk_message_attempt, whose ids grow with time, and pk_message_finding.
with answered as (
  select f.learned_at, f.finding = 'accepted' as is_taken
  from (select id from message_attempt order by id desc limit 100) t
  join message_finding f on f.attempt_id = t.id and f.source = 'answer'
), last as (select max(learned_at) as taken_at from answered where is_taken)
select max(l.taken_at) as answered_at, max(a.learned_at) filter (where not a.is_taken) as failed_at,
  count(a.*) filter (where not a.is_taken and (l.taken_at is null or a.learned_at > l.taken_at)) as failures
from last l left join answered a on true
