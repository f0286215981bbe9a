-- An identity is written once; its person's later sign-ins note the use, and a unionid that is told only later. Somebody else's is left as it
-- is: no row comes back then. Served by uq_wechat_identity_appid_openid_blind.
insert into wechat_identity as w (
  id, appid, user_id, openid_sealed, openid_blind, unionid_sealed, unionid_blind, linked_at, used_at
)
values (:id, :appid, :user_id, :openid_sealed, :openid_blind, :unionid_sealed, :unionid_blind, :now, :now)
on conflict (appid, openid_blind) do update
  set used_at = greatest(w.used_at, excluded.used_at),
      unionid_sealed = coalesce(w.unionid_sealed, excluded.unionid_sealed),
      unionid_blind = coalesce(w.unionid_blind, excluded.unionid_blind)
  where w.user_id = excluded.user_id
returning w.id = :id as is_new
