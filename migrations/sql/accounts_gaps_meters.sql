-- What of each account's data is expected, and what of that is missing: bits as `services/accounts/catalogue.py` numbers them; a test compares both.
-- Closed accounts are left out. One range of ids at a time: served by pk_account and the primary keys of what is joined.
create or replace function account_gaps(p_first bigint, p_last bigint, p_today date)
returns table (account_id bigint, unit_id integer, expected integer, gaps integer) language sql stable parallel safe as $$
  select a.id, a.unit_id, x.expected, x.expected & x.missing
  from account a
  join customer c on c.id = a.customer_id
  join premises p on p.id = a.premises_id
  left join account_profile f on f.account_id = a.id
  cross join lateral (
    select
      1 | 2 | 4 | 8 | 256 | 512 | 1024 | 2048 | 8192 | 16384
        | case when a.class = 'residential' then 4096 else 32768 end
        | case when a.state = 'active' then 65536 else 0 end
        | case when f.account_id is not null then 131072 else 0 end as expected,
      case when c.name_masked = '' then 1 else 0 end
        | case when p.district = '' or p.street = '' then 2 else 0 end
        | case when exists (select from meter m where m.account_id = a.id and m.removed_on is null) then 0 else 4 end
        | case when exists (
            select from agreement g where g.account_id = a.id and g.valid_from <= p_today and (g.valid_to is null or g.valid_to > p_today)
          ) then 0 else 8 end
        | case when exists (select from contact_point k where k.customer_id = c.id and k.kind = 'phone') then 0 else 256 end
        | case when exists (select from contact_point k where k.customer_id = c.id and k.kind = 'email') then 0 else 512 end
        | case when f.contact_by is null then 1024 else 0 end
        | case when f.has_ev_charger is null then 2048 else 0 end
        | case when f.has_heat_pump is null then 4096 else 0 end
        | case when f.has_solar is null then 8192 else 0 end
        | case when f.has_storage is null then 16384 else 0 end
        | case when f.has_generator is null then 32768 else 0 end
        | case when a.last_bill_issued > p_today - 100 then 0 else 65536 end
        | case when f.confirmed_at >= p_today - 730 then 0 else 131072 end as missing
  ) x
  where a.id between p_first and p_last and a.state <> 'closed'
$$;
