-- From today on the account is the later holder's; what the last bill came to was known to the earlier one. Served by pk_account.
update account a set holder_since = (now() at time zone :zone)::date, amounts_shown_until = greatest(a.amounts_shown_until, now())
from holder_changed h where a.id = h.account_id
