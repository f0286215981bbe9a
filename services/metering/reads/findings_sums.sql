-- Registers that counted other than the intervals of their meter between two readings came to, where every moment between is known. Intervals across a
-- reading count by their share, and widen what is tolerated. A reading that runs backwards by half its range or more is none to hold anything against.
-- Served by pk_meter_register, uq_register_reading_read_at, uq_reading_series_channel and pk_interval_day.
insert into finding_now (account_id, kind, meter_no, channel, first_day, last_day, found, expected)
select p.account_id, 'sums', p.meter_no, p.channel, (p.begins at time zone :zone)::date, ((p.ends - interval '1 second') at time zone :zone)::date,
  round(e.energy)::bigint, round(p.energy)::bigint
from (
  select q.account_id, q.meter_no, q.channel, q.begins, q.ends, q.multiplier,
    q.multiplier * case when q.value >= q.before then q.value - q.before
      when (q.value + q.range - q.before) * 2 < q.range then q.value + q.range - q.before end as energy
  from (
    select g.account_id, g.meter_no, case g.kind when 'total' then 'import' else 'export' end as channel, g.multiplier,
      1000000 * 10::numeric ^ g.digits as range, r.value, r.read_at as ends, b.value as before, b.read_at as begins
    from unnest(cast(:accounts as bigint[]), cast(:firsts as date[]), cast(:lasts as date[])) j (account_id, first_day, last_day)
    join meter_register g on g.account_id = j.account_id and g.kind in ('total', 'export')
    join register_reading r on r.account_id = g.account_id and r.register_id = g.id and r.superseded_at is null and r.quality <> 'e'
      and r.read_at > ((j.first_day::timestamp - interval '1 second') at time zone :zone) + interval '1 second'
    cross join lateral (
      select value, read_at from register_reading b
      where b.account_id = g.account_id and b.register_id = g.id and b.superseded_at is null and b.quality <> 'e' and b.read_at < r.read_at
        and b.read_at >= ((cast(:since as date)::timestamp - interval '1 second') at time zone :zone) + interval '1 second'
      order by b.read_at desc limit 1) b
    where b.read_at < (((j.last_day + 1)::timestamp - interval '1 second') at time zone :zone) + interval '1 second'
  ) q
) p
cross join lateral (
  select sum(v.energy * v.share) as energy, coalesce(sum(v.energy) filter (where v.share < 1), 0) as across, sum(v.share * v.seconds) as known_s
  from (
    select k.energy, s.interval_minutes * 60 as seconds,
      extract(epoch from least(k.start_at + s.interval_minutes * interval '1 minute', p.ends) - greatest(k.start_at, p.begins)) / (s.interval_minutes * 60) as share
    from reading_series s
    join interval_day i on i.account_id = s.account_id and i.series_id = s.id
    cross join lateral (
      select n.energy, ((i.day::timestamp - interval '1 second') at time zone :zone) + interval '1 second' + (n.no - 1) * s.interval_minutes * interval '1 minute'
      from unnest(i.energies) with ordinality n (energy, no)) k (energy, start_at)
    where s.account_id = p.account_id and s.meter_no = p.meter_no and s.channel = p.channel
      and i.day between (p.begins at time zone :zone)::date and (p.ends at time zone :zone)::date and i.day >= cast(:since as date)
      and k.energy is not null and k.start_at < p.ends and k.start_at + s.interval_minutes * interval '1 minute' > p.begins
  ) v
) e
where p.energy is not null and round(e.known_s) = extract(epoch from p.ends - p.begins)
  and abs(e.energy - p.energy) > greatest(:least_steps * p.multiplier, p.energy * :tolerance) + e.across
