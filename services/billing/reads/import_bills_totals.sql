-- What the judged rows come to, by unit, currency and kind. A number that an earlier row of a dry run had is known by the time this one is loaded.
select unit_id, currency,
  case when not is_open then 'settled' when open_minor = amount_minor then 'open' else 'opening' end as kind,
  count(*) filter (where bill_id is null) as new,
  count(*) filter (where bill_id is not null and (has_new_terms or has_new_lines or amount_minor <> known_amount_minor)) as changed,
  count(*) as bills, sum(amount_minor) as amount_minor, sum(open_minor) as open_minor,
  coalesce(sum(case when bill_id is null then open_minor when origin = 'issued' then amount_minor - known_amount_minor end), 0) as owed_minor
from typed_bill
group by 1, 2, 3
