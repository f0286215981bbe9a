-- Events may come out of order: the later one counts. Served by uq_wechat_follower_appid_openid_blind.
insert into wechat_follower as f (id, appid, openid_blind, openid_sealed, follows, changed_at)
values (:id, :appid, :blind, :sealed, :follows, :at)
on conflict (appid, openid_blind) do update
  set follows = excluded.follows, changed_at = excluded.changed_at
  where f.changed_at <= excluded.changed_at
