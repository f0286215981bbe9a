-- Intervals that nobody believes: less than nothing, or more than the account's class can draw. Reads the whole of a chunk.
create temporary table held_interval on commit drop as
select s.seq, case when s.energy < 0 then 'negative' else 'implausible' end as reason
from typed_interval s
where s.energy < 0
  or s.energy::numeric > case s.class when 'residential' then :most_home_kw else :most_kw end::numeric * s.minutes * 1000000 / 60
