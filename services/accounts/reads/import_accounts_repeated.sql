-- Rows of a dry run whose number an earlier chunk had are known by the time they are loaded, and change what they say otherwise than it was said;
-- what nobody said before is compared with what is known.
update compared_account c set is_new = false,
  is_changed = not q.noted @> q.said and (c.is_new or c.is_changed or not (q.noted || q.said) @> q.noted)
from said_account q
where c.row_no = q.row_no and q.noted is not null
