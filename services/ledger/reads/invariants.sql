-- What must always hold for the books of a range, one row per breach. Served by the primary keys, one range each.
with entries as materialized (
  select e.book_id, e.no, e.line, e.code, e.asset, e.balance_after,
    case when e.code between 2000 and 4999 then -e.amount else e.amount end as amount
  from entry e where e.book_id between :first_book and :last_book
), chain as (
  select book_id, no, line, code, amount, balance_after, lag(balance_after, 1, 0::bigint) over (partition by book_id, code, asset order by no, line) as before
  from entries
), sums as (
  select book_id, code, asset, sum(amount) as balance, count(*) as n from entries group by book_id, code, asset
), numbers as (
  select book_id, count(*) as n, min(no) as lowest, max(no) as highest from txn where book_id between :first_book and :last_book group by book_id
), lines as (
  select book_id, no, count(*) as n, min(line) as lowest, max(line) as highest
  from posting where book_id between :first_book and :last_book group by book_id, no
), mirrored as (
  select r.book_id, r.no, o.no as original from txn r
  left join txn o on o.book_id = r.book_id and o.source_id = r.source_id and o.source = -r.source and o.no < r.no
  where r.book_id between :first_book and :last_book and r.source < 0
)
select 'balance_is_sum_of_entries' as rule, coalesce(s.book_id, b.book_id) as book_id,
  format('code %s: balance %s of %s entries, entries %s of %s', coalesce(s.code, b.code), b.balance, b.version, s.balance, s.n) as detail
from sums s full join (select * from balance where book_id between :first_book and :last_book) b
  on b.book_id = s.book_id and b.code = s.code and b.asset = s.asset
where (coalesce(s.balance, 0), coalesce(s.n, 0)) is distinct from (b.balance, b.version)
union all
select 'running_balance_is_unbroken', book_id, format('no %s line %s code %s: %s then %s gives %s', no, line, code, before, amount, balance_after)
from chain where before + amount <> balance_after
union all
select 'numbers_have_no_gaps', b.id, format('version %s, %s transactions from %s to %s', b.version, n.n, n.lowest, n.highest)
from book b left join numbers n on n.book_id = b.id
where b.id between :first_book and :last_book and (b.version, b.version) is distinct from (coalesce(n.n, 0), coalesce(n.highest, 0))
union all
select 'transactions_belong_to_a_book', n.book_id, 'no such book' from numbers n where not exists (select from book b where b.id = n.book_id)
union all
select 'transactions_have_all_their_lines', coalesce(t.book_id, l.book_id), format('no %s: %s lines from %s to %s', coalesce(t.no, l.no), l.n, l.lowest, l.highest)
from lines l full join (select book_id, no from txn where book_id between :first_book and :last_book) t on t.book_id = l.book_id and t.no = l.no
where t.no is null or l.no is null or (l.lowest, l.highest) <> (1, l.n)
union all
select 'books_are_balanced', book_id, format('asset %s: %s', asset, sum(case when code between 2000 and 4999 then -balance else balance end))
from balance where book_id between :first_book and :last_book
group by book_id, asset having sum(case when code between 2000 and 4999 then -balance else balance end) <> 0
union all
select 'balances_keep_their_floor', book_id, format('code %s: %s below %s', code, balance, floor)
from balance where book_id between :first_book and :last_book and balance < floor
union all
select 'reversals_mirror_their_original', m.book_id, format('no %s of %s', m.no, m.original)
from mirrored m
where m.original is null or exists (
  (select debit, credit, asset, amount from posting where book_id = m.book_id and no = m.no
    except all select credit, debit, asset, amount from posting where book_id = m.book_id and no = m.original)
  union all
  (select credit, debit, asset, amount from posting where book_id = m.book_id and no = m.original
    except all select debit, credit, asset, amount from posting where book_id = m.book_id and no = m.no))
union all
select 'points_lie_in_lots', coalesce(b.book_id, l.book_id), format('balance %s, lots %s', b.balance, l.remaining)
from (select book_id, balance from balance where book_id between :first_book and :last_book and code = 2900 and asset = 1) b
full join (select book_id, sum(remaining) as remaining from point_lot where book_id between :first_book and :last_book group by book_id) l
  on l.book_id = b.book_id
where coalesce(b.balance, 0) <> coalesce(l.remaining, 0)
union all
select 'lots_are_what_their_uses_left', l.book_id, format('lot %s: %s of %s, used %s', l.no, l.remaining, l.earned, u.points)
from point_lot l left join (
  select book_id, lot_no, sum(points) as points from point_lot_use where book_id between :first_book and :last_book group by book_id, lot_no
) u on u.book_id = l.book_id and u.lot_no = l.no
where l.book_id between :first_book and :last_book and l.remaining <> l.earned - coalesce(u.points, 0)
limit :limit
