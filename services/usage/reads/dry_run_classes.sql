-- What the accounts of a dry run come to, by class and currency. Served by pk_dry_run_account and pk_account.
select a.class as account_class, r.currency, count(*) as accounts, count(*) filter (where r.after_minor > r.before_minor) as up,
  count(*) filter (where r.after_minor < r.before_minor) as down, count(*) filter (where r.after_minor = r.before_minor) as equal,
  sum(r.before_minor)::bigint as before_minor, sum(r.after_minor)::bigint as after_minor
from dry_run_account r
join account a on a.id = r.account_id
where r.run_id = :run_id and r.faults is null
group by a.class, r.currency
order by a.class, r.currency
