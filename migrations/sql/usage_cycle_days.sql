-- The cycle of tiers that a calendar month lies in under a tariff's document: a month, or a year that begins in its `first_month`.
-- Inlined where it is joined.
create function usage_cycle_days(p_document jsonb, p_month date) returns table (first_day date, end_day date) language sql stable as $$
  select d.first_day, (d.first_day + d.length)::date
  from (
    select case when t.by_year
        then make_date(extract(year from p_month)::integer - (extract(month from p_month) < t.first_month)::integer, t.first_month, 1)
        else p_month end as first_day,
      case when t.by_year then interval '1 year' else interval '1 month' end as length
    from (
      select coalesce(p_document -> 'tiers' ->> 'cycle' = 'year', false) as by_year,
        coalesce((p_document -> 'tiers' ->> 'first_month')::integer, 1) as first_month) t) d
$$;
revoke all on function usage_cycle_days from public;
grant execute on function usage_cycle_days to wattline_app;
