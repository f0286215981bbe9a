-- Who left an official account long ago. Served by ix_wechat_follower_left.
delete from wechat_follower
where id in (
  select id
  from wechat_follower
  where not follows and changed_at < :before
  order by changed_at
  limit :most
  for update skip locked
)
