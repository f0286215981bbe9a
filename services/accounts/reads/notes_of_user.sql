-- Notes about accounts that a person acts or acted for, behind a place, locked. Served by pk_account_note.
select n.account_id, n.id, n.text, n.text_sealed as sealed
from account_note n
where n.account_id in (select account_id from access_grant where user_id = :user_id) and n.erased_at is null
  and (n.account_id, n.id) > (:after_account, :after_id)
order by n.account_id, n.id limit :limit
for update
