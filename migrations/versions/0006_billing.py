"""Bills and their lines."""

from alembic import op

revision = "0006_billing"
down_revision = "0005_payments"
branch_labels = None
depends_on = None

TABLES = """
-- What a bill's line may be, and the ledger's code that its amount goes to.
create table bill_line_code (
  id smallint not null,
  code text not null,
  ledger_code text not null,
  constraint pk_bill_line_code primary key (id),
  constraint uq_bill_line_code_code unique (code)
);
insert into bill_line_code (id, code, ledger_code) values
  (1, 'energy', 'revenue.energy'), (2, 'energy.sharp', 'revenue.energy'), (3, 'energy.peak', 'revenue.energy'),
  (4, 'energy.flat', 'revenue.energy'), (5, 'energy.valley', 'revenue.energy'), (6, 'energy.deep_valley', 'revenue.energy'),
  (7, 'energy.tier1', 'revenue.energy'), (8, 'energy.tier2', 'revenue.energy'), (9, 'energy.tier3', 'revenue.energy'),
  (20, 'demand', 'revenue.demand'), (21, 'power_factor', 'revenue.power_factor'), (22, 'fixed', 'revenue.fixed'),
  (23, 'late_fee', 'revenue.late_fee'), (29, 'other', 'revenue.other'),
  (40, 'funds.renewable_energy', 'funds.renewable_energy'), (41, 'funds.reservoir_resettlement', 'funds.reservoir_resettlement'),
  (42, 'funds.water_projects', 'funds.water_projects'), (49, 'funds.other', 'funds.other'),
  (60, 'tax.vat', 'tax.vat'), (61, 'tax.electricity', 'tax.electricity'), (69, 'tax.other', 'tax.other');

-- `origin` says how the bill stands in the ledger: `issued` by its lines, under `posting_id`; `opening` was part-paid when it came to us, what
-- was open then lies in an opening balance; `history` was settled when it came to us and is not posted.
-- `opening_run_id` is the import whose opening balance still has to be posted.
create table bill (
  account_id bigint not null,
  id bigint generated always as identity,
  bill_no text not null,
  period_first date not null,
  period_end date not null,
  issue_date date not null,
  due_date date not null,
  energy_kwh numeric(14,3) not null,
  amount_minor bigint not null,
  open_minor bigint not null,
  state text not null,
  origin text not null,
  posting_id uuid,
  opening_run_id bigint,
  constraint pk_bill primary key (account_id, id),
  constraint fk_bill_account_id foreign key (account_id) references account (id),
  constraint uq_bill_bill_no unique (account_id, bill_no),
  constraint ck_bill_no check (bill_no ~ '^[0-9A-Za-z-]{4,32}$'),
  constraint ck_bill_period check (period_first < period_end),
  constraint ck_bill_dates check (issue_date <= due_date),
  constraint ck_bill_energy check (energy_kwh >= 0),
  constraint ck_bill_open check (open_minor between 0 and amount_minor),
  constraint ck_bill_state check (state in ('issued', 'settled', 'cancelled')),
  constraint ck_bill_settled check ((state = 'issued') = (open_minor > 0)),
  constraint ck_bill_origin check (origin in ('issued', 'opening', 'history')),
  constraint ck_bill_posting check ((origin = 'issued') = (posting_id is not null))
) with (fillfactor = 90);
create index ix_bill_latest on bill (account_id, issue_date desc, id desc);
create index ix_bill_open on bill (account_id, due_date, id) where open_minor > 0;
create index ix_bill_opening on bill (opening_run_id, account_id) where opening_run_id is not null;

create table bill_line (
  account_id bigint not null,
  bill_id bigint not null,
  line_no smallint not null,
  code smallint not null,
  quantity numeric(14,3),
  unit text,
  unit_price numeric(18,8),
  amount_minor bigint not null,
  constraint pk_bill_line primary key (account_id, bill_id, line_no),
  constraint fk_bill_line_account_id_bill_id foreign key (account_id, bill_id) references bill (account_id, id) on delete cascade,
  constraint fk_bill_line_code foreign key (code) references bill_line_code (id),
  constraint ck_bill_line_no check (line_no >= 1),
  constraint ck_bill_line_unit check ((quantity is null) = (unit is null))
);

-- What a payment, or prepaid balance applied, took off a bill. Append-only: what is put back is a row of its own, with a negative amount.
create table bill_settlement (
  account_id bigint not null,
  bill_id bigint not null,
  id bigint generated always as identity,
  payment_id uuid not null,
  amount_minor bigint not null,
  settled_at timestamptz not null,
  constraint pk_bill_settlement primary key (account_id, bill_id, id),
  constraint fk_bill_settlement_account_id_bill_id foreign key (account_id, bill_id) references bill (account_id, id),
  constraint ck_bill_settlement_amount check (amount_minor <> 0)
);
create index ix_bill_settlement_payment_id on bill_settlement (payment_id);
create trigger refuse_change before update or delete or truncate on bill_settlement for each statement execute function refuse_change();

grant select on bill_line_code to wattline_app;
grant select, insert, update on bill to wattline_app;
grant select, insert, update, delete on bill_line to wattline_app;
grant select, insert on bill_settlement to wattline_app;
"""


def upgrade() -> None:
    """Create the tables of the domain `billing`."""
    op.execute(TABLES)
