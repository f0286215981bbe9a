-- Every watched payment in one statement, in the order asked: a JSON array with null where the watcher may see it no more.
select coalesce(json_agg(payment_view(w.payment_no, w.user_id, w.session_id, :now) order by w.place), '[]')::text
from unnest(cast(:payment_nos as text[]), cast(:user_ids as uuid[]), cast(:session_ids as uuid[])) with ordinality
  w (payment_no, user_id, session_id, place)
