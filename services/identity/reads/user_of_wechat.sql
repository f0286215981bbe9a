-- Whom a WeChat is joined to: the application's own name for it goes before the one that all applications share. Served by
-- uq_wechat_identity_appid_openid_blind and pk_wechat_union.
select user_id
from (
  select user_id, 1 as rank from wechat_identity where appid = :appid and openid_blind = :openid
  union all
  select user_id, 2 from wechat_union where unionid_blind = :unionid
) found
order by rank
limit 1
