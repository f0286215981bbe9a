-- Since when and until when an account's use is known: of its present holder, by the series that measure what it takes. Null without any.
-- Served by pk_account and pk_reading_series.
select greatest(min(s.first_day), a.holder_since) as first_day, max(s.read_until) as read_until, bool_or(s.channel = 'export') as has_export,
  a.holder_since
from account a
left join reading_series s on s.account_id = a.id and s.channel in ('import', 'export')
where a.id = :account_id
group by a.holder_since
