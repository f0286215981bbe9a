-- The cycle of tiers that a part of a month lies in, for the holder of that part on a tariff: since and until when its days count, of how many months
-- the limits are (a part of a month counts whole), and what was used in it before the part. The days that count are those on which an agreement binds
-- the holder to this tariff, or to another of its class whose tiers are climbed in as long a cycle: only another class, or another holder, begins anew.
-- Without any such agreement, as where another tariff is tried, all days of the holder in the cycle count. Inlined where it is joined.
-- Served by pk_account, pk_holder_before, pk_agreement, pk_tariff, ix_tariff_version_published and pk_usage_month.
create or replace function usage_cycle(p_account_id bigint, p_code text, p_first_day date, p_cycle_first date, p_cycle_end date)
returns table (since date, until date, months bigint, used_before bigint) language sql stable as $$
  select s.since, s.until,
    case when s.spans <= 1 then greatest(1, least(12, (extract(year from s.until) - extract(year from s.since)) * 12
        + extract(month from s.until) - extract(month from s.since) + (extract(day from s.until) > 1)::integer))::bigint
      else (
        select count(distinct d.month) from unnest(s.firsts, s.ends) x (first_day, end_day)
        cross join lateral generate_series(date_trunc('month', x.first_day::timestamp), (x.end_day - 1)::timestamp, interval '1 month') d (month)) end,
    (select coalesce(sum(m.energy), 0)::bigint from usage_month m
     where m.account_id = p_account_id and m.month >= date_trunc('month', s.since)::date and m.first_day >= s.since
       and m.first_day < p_first_day
       and (s.spans <= 1 or exists (
         select from unnest(s.firsts, s.ends) x (first_day, end_day) where m.first_day >= x.first_day and m.first_day < x.end_day)))
  from (
    select coalesce(min(g.first_day), w.first_day) as since, coalesce(max(g.end_day), w.end_day) as until, count(g.first_day) as spans,
      array_agg(g.first_day) as firsts, array_agg(g.end_day) as ends
    from (
      select greatest(p_cycle_first, h.since) as first_day, least(p_cycle_end, h.until) as end_day
      from (
        select max(b.since) filter (where b.since <= p_first_day) as since, min(b.since) filter (where b.since > p_first_day) as until
        from (
          select a.holder_since as since from account a where a.id = p_account_id and a.holder_since is not null
          union all
          select e.since from account a join holder_before e on e.account_id = a.id where a.id = p_account_id and a.holder_since is not null) b) h) w
    left join lateral (
      select greatest(g.valid_from, w.first_day) as first_day, least(g.valid_to, w.end_day) as end_day
      from agreement g
      where g.account_id = p_account_id and g.valid_from < w.end_day and (g.valid_to is null or g.valid_to > w.first_day)
        and (g.tariff_code = p_code or exists (
          select from tariff t
          join tariff o on o.code = g.tariff_code and o.class = t.class
          join tariff_version v on v.tariff_code = o.code and v.state = 'published'
            and v.document -> 'tiers' ->> 'cycle' = case when p_cycle_end - p_cycle_first > 31 then 'year' else 'month' end
          where t.code = p_code))) g on true
    group by w.first_day, w.end_day) s
$$;
