-- What the lines of each staged bill come to.
create temporary table line_sum on commit drop as
select row_no, sum(amount_minor) as sum_minor, bool_or(coalesce(is_bad, false)) as has_bad_line from typed_line group by row_no
