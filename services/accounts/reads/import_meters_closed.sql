-- An account that is closed has no meter, whatever is said of one. Served by uq_account_account_no.
update staged_account s set meter_no = ''
from account a
where a.account_no = s.account_no and a.state = 'closed' and s.state is null and s.meter_no is distinct from ''
