-- The latest agreement ends on the day on which a newer one begins. Served by uq_account_account_no and pk_agreement.
update agreement g set valid_to = s.agreement_from::date
from staged_account s join account a on a.account_no = s.account_no
where g.account_id = a.id and g.id = (select max(l.id) from agreement l where l.account_id = a.id)
  and s.agreement_from::date > g.valid_from and (g.valid_to is null or g.valid_to > s.agreement_from::date)
