-- Make room for a month of interval readings; nothing when it is there. The application may not make tables: it may ask for this one, within
-- bounds. Attached and not created in place: that keeps nobody from the months that are there. Waits for whoever makes another month now.
create function make_interval_month(p_month date) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_name text := 'interval_day_' || to_char(p_month, 'YYYY_MM');
begin
  if p_month is null or extract(day from p_month) <> 1 or p_month < date '2000-01-01' or p_month > now() + interval '1 year' then
    raise exception 'no month of readings: %', p_month using errcode = 'MT001';
  end if;
  if to_regclass(v_name) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(7211003);
  if to_regclass(v_name) is not null then
    return;
  end if;
  execute format('create table %I (like interval_day including defaults including constraints including indexes including storage)', v_name);
  execute format('alter table interval_day attach partition %I for values from (%L) to (%L)',
    v_name, p_month, (p_month + interval '1 month')::date);
end $$;

revoke all on function make_interval_month from public;
grant execute on function make_interval_month to wattline_app;
