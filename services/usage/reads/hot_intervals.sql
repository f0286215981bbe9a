-- A year of one series as text of JSON: whole watt-hours (varh) of each interval, day by day from `first`; null for a day that was not read, and for a
-- value that is missing. Elements are elapsed time since local midnight. Null without access or series, '' when the session has ended.
-- Served by pk_session_family, account_access, uq_reading_series_channel and pk_interval_day.
select case when exists (select from living_session(:session_id)) then (
  select '{"meter_no":' || to_json(s.meter_no) || ',"channel":"' || s.channel || '","unit":"' || case when s.channel in ('import', 'export') then 'Wh' else 'varh' end
    || '","minutes":' || s.interval_minutes || ',"first":"' || cast(:first as date) || '","days":[' || coalesce((
      select string_agg(coalesce('[' || d.texts || ']', 'null'), ',' order by c.day)
      from generate_series(cast(:first as date), cast(:end as date) - 1, interval '1 day') c (day)
      left join (
        select i.day, (select string_agg(coalesce(((x.energy + 500) / 1000)::text, 'null'), ',' order by x.k) from unnest(i.energies) with ordinality x (energy, k)) as texts
        from interval_day i
        where i.account_id = s.account_id and i.series_id = s.id and i.day >= cast(:first as date) and i.day < cast(:end as date)
          and (a.holder_since is null or i.day >= a.holder_since)) d on d.day = c.day::date), '') || ']}'
  from account_access(:user_id, :account_no, 'view') g
  join account a on a.id = g.account_id
  join reading_series s on s.account_id = a.id and s.meter_no = :meter_no and s.channel = :channel
  where g.scope = 'full'
  order by s.interval_minutes limit 1
) else '' end
