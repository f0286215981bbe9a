-- Since when and until when an account's use is known: of its present holder, by the series that measure what it takes, as far as days were summed up. Null without any, and as
-- long as nothing was read in the holder's time. Registers say so from their second reading on, and since the first day that was made of them. Served by pk_account, pk_reading_series,
-- pk_meter_register, uq_register_reading_read_at and pk_usage_day.
select case when k.is_read then k.first_day end as first_day, case when k.is_read then k.read_until end as read_until, k.has_export, k.holder_since
from (
  select x.*, x.read_until > coalesce(((x.holder_since::timestamp - interval '1 second') at time zone :zone) + interval '1 second', '-infinity') as is_read
  from (
    select greatest(least(min(s.first_day), g.first_day), a.holder_since) as first_day,
      case when d.summed_until is not null then least(greatest(max(s.read_until), g.read_until), d.summed_until) end as read_until,
      bool_or(s.channel = 'export' and coalesce(s.last_day >= a.holder_since, true)) or g.has_export as has_export, a.holder_since
    from account a
    left join reading_series s on s.account_id = a.id and s.channel in ('import', 'export')
    cross join lateral (
      select max(f.last_at) as read_until,
        coalesce(bool_or(r.kind = 'export' and coalesce(f.last_at > ((a.holder_since::timestamp - interval '1 second') at time zone :zone) + interval '1 second', true)), false) as has_export,
        case when count(*) > 0 then (select min(u.day) from usage_day u where u.account_id = a.id) end as first_day
      from meter_register r
      cross join lateral (
        select min(x.read_at) as first_at, max(x.read_at) as last_at
        from register_reading x where x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null) f
      where r.account_id = a.id and r.kind <> 'reactive' and f.first_at < f.last_at) g
    cross join lateral (
      select (((max(u.day) + 1)::timestamp - interval '1 second') at time zone :zone) + interval '1 second' as summed_until from usage_day u where u.account_id = a.id) d
    where a.id = :account_id
    group by a.holder_since, g.first_day, g.read_until, g.has_export, d.summed_until) x) k
