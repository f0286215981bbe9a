-- The cycle of tiers that a part of a month lies in, for the holder of that part on a tariff: since and until when its days count, of how many
-- months the limits are (a part of a month counts whole), and what was used in it before the part. Climbing begins anew for a new holder and on
-- the first agreement of the tariff; who leaves has the limits of the months until then. Inlined where it is joined. Served by pk_agreement,
-- pk_account and pk_usage_month.
create or replace function usage_cycle(p_account_id bigint, p_code text, p_first_day date, p_cycle_first date, p_cycle_end date)
returns table (since date, until date, months bigint, used_before bigint) language sql stable as $$
  select s.since, s.until,
    greatest(1, least(12, (extract(year from s.until) - extract(year from s.since)) * 12 + extract(month from s.until)
      - extract(month from s.since) + (extract(day from s.until) > 1)::integer))::bigint,
    (select coalesce(sum(m.energy), 0)::bigint from usage_month m
     where m.account_id = p_account_id and m.month >= date_trunc('month', s.since)::date and m.first_day >= s.since
       and m.first_day < p_first_day)
  from (
    select greatest(p_cycle_first, g.since, (
        select a.holder_since from account a where a.id = p_account_id and a.holder_since <= p_first_day)) as since,
      least(p_cycle_end, g.until, (
        select a.holder_since from account a where a.id = p_account_id and a.holder_since > p_first_day)) as until
    from (
      select min(g.valid_from) as since, case when count(*) = count(g.valid_to) then max(g.valid_to) end as until
      from agreement g where g.account_id = p_account_id and g.tariff_code = p_code) g) s
$$;
