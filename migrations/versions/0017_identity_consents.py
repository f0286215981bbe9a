"""What people have decided about uses of their data that need their consent."""

from alembic import op

revision = "0017_identity_consents"
down_revision = "0016_casework"
branch_labels = None
depends_on = None

SQL = """
-- Every decision, in the order in which it was made; the newest of a purpose holds. It outlives its person as evidence,
-- then under an id that leads to nobody: hence no foreign key.
create table consent (
  id bigint generated always as identity,
  user_id uuid not null,
  purpose text not null,
  text_version smallint not null,
  decision text not null,
  edge text not null,
  decided_at timestamptz not null,
  constraint pk_consent primary key (id),
  constraint ck_consent_purpose check (purpose in ('marketing', 'analysis')),
  constraint ck_consent_text_version check (text_version > 0),
  constraint ck_consent_decision check (decision in ('given', 'withdrawn')),
  constraint ck_consent_edge check (edge in ('api', 'portal'))
);
create index ix_consent_user_id on consent (user_id, purpose, id);
create trigger refuse_change before update or delete or truncate on consent for each statement execute function refuse_change();
grant select, insert on consent to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
