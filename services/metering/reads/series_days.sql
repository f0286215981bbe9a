-- Days of a series in several spans. Served by pk_interval_day.
select d.day, d.energies, d.qualities
from unnest(cast(:firsts as date[]), cast(:ends as date[])) s (first, ending)
join interval_day d on d.account_id = :account_id and d.series_id = :series_id and d.day >= s.first and d.day < s.ending
