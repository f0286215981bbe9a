-- Why accounts of a dry run are in no total, and how many each: by the first fault of their use. Served by ix_dry_run_account_faults.
select r.is_by_tried, coalesce(r.faults -> 0 ->> 'path', '') as path, coalesce(r.faults -> 0 ->> 'code', '') as code, count(*) as accounts
from dry_run_account r
where r.run_id = :run_id and r.faults is not null
group by 1, 2, 3
order by count(*) desc, 1, 2, 3
