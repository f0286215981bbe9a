"""People by their WeChat, and who follows the supplier there."""

from alembic import op

revision = "0018_identity_wechat"
down_revision = "0017_identity_consents"
branch_labels = None
depends_on = None

SQL = """
-- A unionid is the same for all applications of one supplier: it belongs to one person, and so do the identities that name it.
create table wechat_union (
  unionid_blind bytea not null,
  user_id uuid not null,
  constraint pk_wechat_union primary key (unionid_blind),
  constraint fk_wechat_union_user_id foreign key (user_id) references app_user (id),
  constraint uq_wechat_union_unionid_blind_user_id unique (unionid_blind, user_id),
  constraint ck_wechat_union_blind check (length(unionid_blind) = 16)
);
create index ix_wechat_union_user_id on wechat_union (user_id);

create table wechat_identity (
  id uuid not null,
  appid text not null,
  user_id uuid not null,
  openid_sealed bytea not null,
  openid_blind bytea not null,
  unionid_sealed bytea,
  unionid_blind bytea,
  linked_at timestamptz not null,
  used_at timestamptz not null,
  constraint pk_wechat_identity primary key (id),
  constraint uq_wechat_identity_appid_openid_blind unique (appid, openid_blind),
  constraint fk_wechat_identity_user_id foreign key (user_id) references app_user (id),
  constraint fk_wechat_identity_unionid_blind_user_id foreign key (unionid_blind, user_id) references wechat_union (unionid_blind, user_id),
  constraint ck_wechat_identity_blind check (length(openid_blind) = 16),
  constraint ck_wechat_identity_unionid check ((unionid_blind is null) = (unionid_sealed is null)),
  constraint ck_wechat_identity_period check (used_at >= linked_at)
) with (fillfactor = 90);
create index ix_wechat_identity_user_id on wechat_identity (user_id);
create index ix_wechat_identity_unionid_blind on wechat_identity (unionid_blind) where unionid_blind is not null;

-- Not `app_user`: most who follow never sign in.
create table wechat_follower (
  id uuid not null,
  appid text not null,
  openid_blind bytea not null,
  openid_sealed bytea not null,
  follows boolean not null,
  changed_at timestamptz not null,
  constraint pk_wechat_follower primary key (id),
  constraint uq_wechat_follower_appid_openid_blind unique (appid, openid_blind),
  constraint ck_wechat_follower_blind check (length(openid_blind) = 16)
) with (fillfactor = 90);

grant select, insert, delete on wechat_union to wattline_app;
grant select, insert, update, delete on wechat_identity to wattline_app;
grant select, insert, update on wechat_follower to wattline_app;
"""


def upgrade() -> None:
    """Identities at WeChat, and followers."""
    op.execute(SQL)
