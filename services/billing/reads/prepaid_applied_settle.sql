-- Bills that prepaid balance settles, whole or in part.
with settled as (
  insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at)
  select account_id, bill_id, payment_id, amount_minor, :now from applied order by account_id, bill_id
)
update bill b set open_minor = b.open_minor - s.amount_minor, state = case when b.open_minor = s.amount_minor then 'settled' else 'issued' end
from applied s where b.account_id = s.account_id and b.id = s.bill_id
returning b.account_id, b.id as bill_id, b.open_minor
