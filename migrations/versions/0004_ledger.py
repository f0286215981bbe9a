"""Books, transactions and postings.

The tables and their guards are here, the functions that write them in `migrations/sql/ledger_*.sql`: no role may insert into the ledger but
through those functions, which belong to the migrating role.
"""

from pathlib import Path

from alembic import op

revision = "0004_ledger"
down_revision = "0003_accounts"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "ledger_post",
    "ledger_post_staged",
    "ledger_reverse",
    "ledger_books",
    "ledger_rollup",
    "ledger_points",
)

TABLES = """
-- The number of a code says on which side it grows: 2000 to 4999 (liabilities, equity, revenue) by credit, all others by debit.
-- `floor` is what a new balance of this code may not fall below; null is no floor.
create table ledger_code (
  code smallint not null,
  name text not null,
  floor bigint,
  constraint pk_ledger_code primary key (code),
  constraint uq_ledger_code_name unique (name),
  constraint ck_ledger_code_range check (code between 1000 and 5999)
);
-- Money carries its ISO 4217 number; what is not money has a number below the first of ISO.
create table ledger_asset (
  asset smallint not null,
  name text not null,
  constraint pk_ledger_asset primary key (asset),
  constraint uq_ledger_asset_name unique (name),
  constraint ck_ledger_asset_name check (name ~ '^[A-Z]{3}$')
);
-- A domain, not a CHECK of the table: that would be compiled anew for every posting, whose first statement updates `version`.
create domain ledger_owner_kind as text constraint ck_ledger_owner_kind check (value in ('account', 'person', 'supplier', 'partner'));
-- `version` is the number of the book's last transaction; its update is the book's lock.
create table book (
  id bigint generated always as identity,
  owner_kind ledger_owner_kind not null,
  owner_id bigint not null,
  version bigint not null default 0,
  constraint pk_book primary key (id),
  constraint uq_book_owner unique (owner_kind, owner_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
-- No foreign key from here to `book`, nor from `posting` to here: the one function that inserts has just locked or written the other row,
-- and the keys would cost a fifth of every posting. A reversal has the negative source of the transaction it mirrors.
create table txn (
  book_id bigint not null,
  no bigint not null,
  source smallint not null,
  source_id uuid not null,
  effective_at timestamptz not null,
  recorded_at timestamptz not null,
  constraint pk_txn primary key (book_id, no),
  constraint uq_txn_source unique (book_id, source_id, source)
);
create index ix_txn_recorded_at on txn using brin (recorded_at);
create table posting (
  book_id bigint not null,
  no bigint not null,
  line smallint not null,
  debit smallint not null,
  credit smallint not null,
  asset smallint not null,
  amount bigint not null,
  debit_after bigint not null,
  credit_after bigint not null,
  constraint pk_posting primary key (book_id, no, line),
  constraint ck_posting_pair check (amount > 0 and debit <> credit)
);
create table balance (
  book_id bigint not null,
  code smallint not null,
  asset smallint not null,
  balance bigint not null,
  version bigint not null,
  floor bigint,
  constraint pk_balance primary key (book_id, code, asset),
  constraint ck_balance_floor check (balance >= floor)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
-- `amount` is signed, debit positive: every sum over whole transactions is zero. `balance_after` grows on the code's own side.
create view entry as
  select book_id, no, line, 'debit' as side, debit as code, asset, amount, debit_after as balance_after from posting
  union all
  select book_id, no, line, 'credit', credit, asset, -amount, credit_after from posting;

-- Points in the order in which they were earned; `no` is the transaction that earned them. Together a book's lots hold its balance of points.
create table point_lot (
  book_id bigint not null,
  no bigint not null,
  earned bigint not null,
  remaining bigint not null,
  expires_at timestamptz not null,
  constraint pk_point_lot primary key (book_id, no),
  constraint ck_point_lot_remaining check (remaining between 0 and earned)
) with (fillfactor = 50);
create index ix_point_lot_expires_at on point_lot (expires_at) where remaining > 0;
-- Which transaction took how many points out of which lot; negative when it gave them back.
create table point_lot_use (
  book_id bigint not null,
  no bigint not null,
  lot_no bigint not null,
  points bigint not null,
  constraint pk_point_lot_use primary key (book_id, no, lot_no),
  constraint ck_point_lot_use_points check (points <> 0)
);

create table ledger_rollup (
  code smallint not null,
  asset smallint not null,
  balance numeric(30) not null,
  constraint pk_ledger_rollup primary key (code, asset)
);
-- All postings recorded before `horizon` are in ledger_rollup, no others. `candidate_*`: the next horizon, once every transaction that was
-- running then has ended.
create table ledger_horizon (
  id smallint not null default 1,
  horizon timestamptz not null,
  candidate timestamptz,
  candidate_xid bigint,
  constraint pk_ledger_horizon primary key (id),
  constraint ck_ledger_horizon_single check (id = 1)
);
insert into ledger_horizon (horizon) values ('-infinity');

create trigger refuse_change before update or delete or truncate on txn for each statement execute function refuse_change();
create trigger refuse_change before update or delete or truncate on posting for each statement execute function refuse_change();
create trigger refuse_change before update or delete or truncate on point_lot_use for each statement execute function refuse_change();
create trigger refuse_change before delete or truncate on point_lot for each statement execute function refuse_change();
create trigger refuse_change before delete or truncate on book for each statement execute function refuse_change();
create trigger refuse_change before delete or truncate on balance for each statement execute function refuse_change();
grant select on ledger_code, ledger_asset, book, txn, posting, balance, entry, point_lot, point_lot_use, ledger_rollup, ledger_horizon to wattline_app;
"""

CODES = """
insert into ledger_code (code, name, floor) values
  (1100, 'receivable', null), (1200, 'clearing.wechat_pay', null), (1201, 'clearing.alipay', null), (1202, 'clearing.card', null),
  (1203, 'clearing.cash', null), (1300, 'bank', null), (1900, 'transfer', null),
  (2100, 'prepaid', 0), (2200, 'suspense', null), (2300, 'refund.wechat_pay', null), (2301, 'refund.alipay', null),
  (2302, 'refund.card', null), (2303, 'refund.cash', null),
  (2400, 'funds.renewable_energy', null), (2401, 'funds.reservoir_resettlement', null), (2402, 'funds.water_projects', null),
  (2499, 'funds.other', null), (2500, 'tax.vat', null), (2501, 'tax.electricity', null), (2599, 'tax.other', null),
  (2900, 'points.balance', 0), (3100, 'opening', null),
  (4100, 'revenue.energy', null), (4101, 'revenue.demand', null), (4102, 'revenue.power_factor', null), (4103, 'revenue.fixed', null),
  (4104, 'revenue.late_fee', null), (4199, 'revenue.other', null), (4900, 'points.spent', null), (4901, 'points.expired', null),
  (5100, 'fee.wechat_pay', null), (5101, 'fee.alipay', null), (5102, 'fee.card', null), (5103, 'fee.cash', null), (5900, 'points.expense', null);
insert into ledger_asset (asset, name) values
  (1, 'PTS'),
  (8, 'ALL'), (12, 'DZD'), (32, 'ARS'), (36, 'AUD'), (44, 'BSD'), (48, 'BHD'), (50, 'BDT'), (51, 'AMD'), (96, 'BND'), (104, 'MMK'),
  (116, 'KHR'), (124, 'CAD'), (144, 'LKR'), (152, 'CLP'), (156, 'CNY'), (170, 'COP'), (188, 'CRC'), (203, 'CZK'), (208, 'DKK'),
  (230, 'ETB'), (242, 'FJD'), (320, 'GTQ'), (344, 'HKD'), (348, 'HUF'), (352, 'ISK'), (356, 'INR'), (360, 'IDR'), (364, 'IRR'),
  (368, 'IQD'), (376, 'ILS'), (388, 'JMD'), (392, 'JPY'), (398, 'KZT'), (400, 'JOD'), (404, 'KES'), (410, 'KRW'), (414, 'KWD'),
  (417, 'KGS'), (418, 'LAK'), (422, 'LBP'), (434, 'LYD'), (446, 'MOP'), (458, 'MYR'), (462, 'MVR'), (480, 'MUR'), (484, 'MXN'),
  (496, 'MNT'), (498, 'MDL'), (504, 'MAD'), (512, 'OMR'), (516, 'NAD'), (524, 'NPR'), (554, 'NZD'), (566, 'NGN'), (578, 'NOK'),
  (586, 'PKR'), (590, 'PAB'), (598, 'PGK'), (600, 'PYG'), (604, 'PEN'), (608, 'PHP'), (634, 'QAR'), (643, 'RUB'), (646, 'RWF'),
  (682, 'SAR'), (702, 'SGD'), (704, 'VND'), (710, 'ZAR'), (752, 'SEK'), (756, 'CHF'), (764, 'THB'), (780, 'TTD'), (784, 'AED'),
  (788, 'TND'), (800, 'UGX'), (807, 'MKD'), (818, 'EGP'), (826, 'GBP'), (834, 'TZS'), (840, 'USD'), (858, 'UYU'), (860, 'UZS'),
  (901, 'TWD'), (941, 'RSD'), (944, 'AZN'), (946, 'RON'), (949, 'TRY'), (950, 'XAF'), (952, 'XOF'), (967, 'ZMW'), (971, 'AFN'),
  (972, 'TJS'), (975, 'BGN'), (977, 'BAM'), (978, 'EUR'), (980, 'UAH'), (981, 'GEL'), (985, 'PLN'), (986, 'BRL');
"""


def upgrade() -> None:
    """Create the ledger, its functions and its chart of codes."""
    op.execute(TABLES)
    op.execute(CODES)
    for name in FUNCTIONS:
        op.execute((Path(__file__).parents[1] / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
