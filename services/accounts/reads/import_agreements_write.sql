-- New agreements, and other terms of the latest one when it begins on the same day. Served by uq_account_account_no and pk_agreement.
insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
select a.id, case when g.valid_from = s.agreement_from::date then g.id else coalesce(g.id, 0) + 1 end, s.tariff_code,
  coalesce(s.is_prepaid::boolean, g.is_prepaid, false), s.agreement_from::date
from staged_account s
join account a on a.account_no = s.account_no
left join lateral (select id, tariff_code, is_prepaid, valid_from from agreement l where l.account_id = a.id order by l.id desc limit 1) g on true
where s.tariff_code is not null
  and (g.tariff_code, g.is_prepaid, g.valid_from) is distinct from (s.tariff_code, coalesce(s.is_prepaid::boolean, g.is_prepaid, false), s.agreement_from::date)
order by a.id
on conflict (account_id, id) do update set tariff_code = excluded.tariff_code, is_prepaid = excluded.is_prepaid
