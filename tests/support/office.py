"""Staff of a town: of every standing towards its first unit, and what of staff they may be asked about."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from core import clock, idempotency
from core.db import WriteSession
from core.errors import Json
from core.money import Money
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.webhooks import endpoints
from notifications.webhooks.events import TEST, put
from services.accounts import operations as accounts
from services.accounts.operations import UnitRows
from services.accounts.queries import AccountRef, finding, staffing
from services.accounts.roles import StaffRole
from services.casework import flows
from services.casework import operations as casework
from services.identity.operations import staff
from services.ledger import operations as ledger
from services.ledger.chart import SUSPENSE, OwnerKind, Source, clearing
from services.ledger.operations import Posting, Transaction
from services.payments import operations as payments
from services.payments.ports import RefundResult, RefundStatus
from services.payments.queries import merchants
from services.tariffs import operations as tariffs
from services.tariffs import queries as tariff_queries
from services.tariffs.queries import TariffClass
from tests.factories import held
from tests.factories import payments as paying
from tests.factories import staff as people
from tests.factories.staff import ACTOR, Member
from tests.support.town import Home, Person, Town
from tests.support.wechat_notices import notice, paid, platform_of
from web import cookies

HERE: Final = "3701"
ELSEWHERE: Final = "3702"
PUBLIC_URL: Final = "https://93.184.216.34/hooks"
"""An address that may be given to an endpoint without asking anybody for it."""

TARIFF: Final = "OFFICE"
DOCUMENT: Final = {"id": TARIFF, "currency": "CNY", "energy": {"lines": "per_tier", "prices": {"all": "0.50"}}}

Place = Literal["own", "other_unit"]


@dataclass(frozen=True)
class Colleague:
    """Somebody whom others manage, with what hangs on them."""

    staff_id: UUID
    grant_id: UUID


class Office:
    """`here` may everything in the first unit, `elsewhere` everything in the other, `without` is an agent here."""

    def __init__(self, town: Town) -> None:
        self._town = town
        with town.runtime.db.write() as session:
            self.members: dict[str, Member] = {
                "here": self.employ(session, StaffRole.ADMIN, HERE),
                "elsewhere": self.employ(session, StaffRole.ADMIN, ELSEWHERE),
                "without": self.employ(session, StaffRole.AGENT, HERE),
                "disabled": self.employ(session, StaffRole.ADMIN, HERE),
                "top": self.employ(session, StaffRole.ADMIN, "37"),
            }
            staff.disable(session, staff_id=self.members["disabled"].staff_id, actor=ACTOR, now=clock.now())
        self.open_invitation = self.invitation()
        self.waiting = {
            "own": self.waiting_money(town.house.account),
            "other_unit": self.waiting_money(town.far.account),
        }
        places: tuple[Place, ...] = ("own", "other_unit")
        self.colleagues = {place: self.colleague(place) for place in places}
        self.requests = {place: self.request(place) for place in places}
        self.letters = {place: self.letter(place) for place in places}
        self.hooks = {place: self.hook(place) for place in places}
        self._tried: dict[UUID, UUID] = {}
        self.dry_runs = {place: self.dry_run(place) for place in places}
        self.doubts = {"own": self.doubt(town.house.account), "other_unit": self.doubt(town.far.account)}
        self.pictures = {"own": self.pictured("own"), "other_unit": self.pictured("other_unit")}

    def somebody(self) -> Member:
        """One more administrator of the first unit."""
        with self._town.runtime.db.write() as session:
            return self.employ(session, StaffRole.ADMIN, HERE)

    def employ(self, session: WriteSession, role: StaffRole, unit: str) -> Member:
        """Somebody who is signed in and has just given a code."""
        return people.employ(session, self._town.runtime.vault, role=role, unit=unit, now=clock.now())

    def fresh(self, member: Member) -> None:
        """Let a code have been given just now, however long the tests of a module have taken."""
        with self._town.runtime.db.write() as session:
            session.sql(
                """update staff_session set stepped_up_at = :now, last_used_at = :now, idle_until = :idle
                   where staff_id = :id and ended_at is null""",
                now=clock.now(),
                idle=clock.now() + timedelta(minutes=30),
                id=member.staff_id,
            )

    def browser(self, member: Member) -> dict[str, str]:
        """How they call the console."""
        return {"cookie": f"{cookies.staff_session_name(self._town.settings)}={member.cookie}"}

    def form_token(self, member: Member | None) -> str:
        """What a form of their browser carries."""
        bound_to = "nobody" if member is None else member.cookie
        return cookies.form_token(self._town.runtime.vault, f"staff|{bound_to}")

    def sought(self, member: Member, page: str, **typed: str) -> str:
        """The address that a search of theirs leads to."""
        self._town.client.cookies.clear()
        form = {"csrf": self.form_token(member), **typed}
        answer = self._town.client.post(page, data=form, headers=self.browser(member), follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def colleague(self, place: Place) -> Colleague:
        """An agent of one of the units, new for each question: what is asked may change them."""
        unit = HERE if place == "own" else ELSEWHERE
        with self._town.runtime.db.write() as session:
            made = people.member(session, self._town.runtime.vault, now=clock.now())
            grant_id = people.grant(session, made.staff_id, role=StaffRole.AGENT, unit=unit, now=clock.now())
        return Colleague(made.staff_id, grant_id)

    def newcomer(self, place: Place) -> UUID:
        """Somebody who was invited to one of the units and has not joined."""
        with self._town.runtime.db.write() as session:
            made = people.invited(session, name=f"new{uuid.uuid4().hex[:12]}", now=clock.now())
            people.grant(
                session,
                made.staff_id,
                role=StaffRole.AGENT,
                unit=HERE if place == "own" else ELSEWHERE,
                now=clock.now(),
            )
        return made.staff_id

    def request(self, place: Place, *, by: Member | None = None) -> UUID:
        """An open request that a new colleague's authenticator be replaced, asked for by somebody of that unit."""
        about = self.colleague(place)
        with self._town.runtime.db.write() as session:
            asker = by or self.employ(session, StaffRole.MANAGER, HERE if place == "own" else ELSEWHERE)
            unit = staffing.unit_by_code(session, code=HERE if place == "own" else ELSEWHERE)
            assert unit is not None
            return casework.ask(
                session,
                kind=casework.RESET_SECOND_FACTOR.name,
                subject=f"staff:{about.staff_id}",
                unit_id=unit.id,
                payload=casework.ResetStaff(staff_id=about.staff_id),
                reason="Lost it.",
                by=asker.staff_id,
                actor=ACTOR,
                now=clock.now(),
            )

    def waiting_money(self, account: AccountRef) -> int:
        """One yuan that came for an account and waits, as when its booking failed; its number."""
        source_id = uuid.uuid4()
        with self._town.runtime.db.write() as session:
            book_id = ledger.ensure_books(session, owner_kind=OwnerKind.ACCOUNT, owner_ids=[account.id])[account.id]
            idempotency.claim(
                session, kind="wechat_pay.transaction", key=source_id.hex, owner=f"suspense:{source_id.hex}"
            )
            posting = Posting(debit=clearing("wechat_pay"), credit=SUSPENSE, amount=Money(100, account.currency))
            transaction = Transaction(book_id, Source.UNASSIGNED_PAYMENT, source_id, clock.now(), [posting])
            ledger.post(session, transactions=[transaction])
            found: int = session.sql(
                """insert into payment_suspense (reason, provider, out_trade_no, transaction_id, account_id, book_id,
                     source_id, amount_minor, currency, paid_at, created_at, state)
                   values ('settling_failed', 'wechat_pay', :no, :no, :account, :book, :source, 100, :currency, :now,
                     :now, 'open') returning id""",
                no=source_id.hex,
                account=account.id,
                book=book_id,
                source=source_id,
                currency=account.currency,
                now=clock.now(),
            ).scalar_one()
        return found

    def named_twice(self, account: AccountRef) -> int:
        """A row without money that names, for an account, a sum which was assigned to it; its number."""
        waiting = self.waiting_money(account)
        with self._town.runtime.db.write() as session:
            payments.assign(
                session,
                suspense_id=waiting,
                account_no=account.account_no,
                by=self.members["top"].staff_id,
                actor=ACTOR,
                now=clock.now(),
            )
            found: int = session.sql(
                """insert into payment_suspense (reason, provider, out_trade_no, transaction_id, account_id, amount_minor,
                     currency, paid_at, created_at, state)
                   select 'transaction_claimed', provider, 'SECOND' || id, transaction_id, account_id, amount_minor,
                     currency, paid_at, created_at, 'open' from payment_suspense where id = :id returning id""",
                id=waiting,
            ).scalar_one()
        return found

    def twice(self, session: WriteSession, suspense_id: int, account_no: str, by: Member) -> UUID:
        """That sum's refund: refused, then carried out by its provider when the sum had been assigned."""
        refund_id = payments.return_to_payer(
            session,
            suspense_id=suspense_id,
            why="nobody knows the payer",
            by=by.staff_id,
            approved_by=None,
            actor=ACTOR,
            now=clock.now(),
        )
        number = f"R{refund_id.hex}"
        payments.keep_refund_refusal(session, out_refund_no=number, reason="PARAMERROR", now=clock.now())
        payments.assign(
            session, suspense_id=suspense_id, account_no=account_no, by=by.staff_id, actor=ACTOR, now=clock.now()
        )
        row = session.sql("select * from payment_suspense where id = :id", id=suspense_id).one()
        done = RefundResult(
            row.provider,
            number,
            RefundStatus.DONE,
            refund_id=uuid.uuid4().hex,
            transaction_id=row.transaction_id,
            amount=Money(row.amount_minor, row.currency),
        )
        payments.apply_refund_result(session, result=done, now=clock.now())
        return refund_id

    def callback_about(self, payment_no: str) -> int:
        """A callback of the provider that says that a payment waits; its number."""
        attempt = paying.latest(self._town.runtime.db, payment_no)
        platform = platform_of(self._town.sandbox.home)
        told = {**paid(platform, attempt.out_trade_no), "trade_state": "NOTPAY"}
        body = notice(platform, told, number=uuid.uuid4().hex)
        with self._town.runtime.db.write() as session:
            heard = merchants.provider(paying.WECHAT).read_stored(body)
            payments.receive_notice(session, source=paying.WECHAT, notice=heard, body=body, now=clock.now())
            found: int = session.sql("select max(id) from inbox").scalar_one()
        return found

    def grant_of(self, place: Place) -> UUID:
        """How the owner of the town's account in one of the units has access to it."""
        home, owner = self._home(place)
        with self._town.runtime.db.read() as session:
            found: UUID = session.sql(
                """select id from access_grant where user_id = :user_id and account_id = :id and revoked_at is null""",
                user_id=owner.user_id,
                id=home.account.id,
            ).scalar_one()
        return found

    def look(self, member: Member, place: Place) -> bool:
        """See that account as its owner does, from now on or still; whether it is allowed."""
        account_no = self._home(place)[0].account_no
        now, who = clock.now(), member.staff_id
        with self._town.runtime.db.write() as session:
            session_id = session.sql(
                "select id from staff_session where staff_id = :id and cookie_hash = :hash",
                id=who,
                hash=hashlib.sha256(member.cookie.encode()).digest(),
            ).scalar_one()
            if finding.open_look(session, account_no=account_no, staff_id=who, session_id=session_id, now=now):
                return True
            return accounts.begin_look(
                session,
                account_no=account_no,
                grant_id=self.grant_of(place),
                reason="asked about March",
                staff_id=who,
                session_id=session_id,
                actor=ACTOR,
                now=now,
            )

    def letter(self, place: Place) -> UUID:
        """A message to the owner about that account alone."""
        home, owner = self._home(place)
        params: dict[str, Json] = {"account": f"****{home.account_no[-4:]}", "person": "+86139****0001"}
        fact = Fact(
            f"test:{uuid.uuid4()}",
            "access_accepted",
            params,
            f"/bills/{home.account_no}/{home.bills[0].bill_no}",
            timedelta(days=1),
            Priority.PROMPT,
            [home.account.id],
        )
        with self._town.runtime.db.write() as session:
            tell(session, setup=SETUP.get(), fact=fact, audience=[Recipient(f"user:{owner.user_id}", "en", None)])
            found: UUID = session.sql("select id from message where intent = :it", it=fact.intent).scalar_one()
        return found

    def _home(self, place: Place) -> tuple[Home, Person]:
        town = self._town
        return (town.house, town.people["owner"]) if place == "own" else (town.far, town.people["far"])

    def hook(self, place: Place) -> UUID:
        """An endpoint of one of the units that listens to bills."""
        with self._town.runtime.db.write() as session:
            unit = staffing.unit_by_code(session, code=HERE if place == "own" else ELSEWHERE)
            assert unit is not None
            return endpoints.add(
                session,
                vault=self._town.runtime.vault,
                unit_id=unit.id,
                name="billing",
                url=PUBLIC_URL,
                events=["bill.issued"],
                staff_id=self.members["top"].staff_id,
                actor=ACTOR,
                now=clock.now(),
            ).endpoint_id

    def told(self, place: Place) -> int:
        """Something that waits for the endpoint of one of the units; its number."""
        with self._town.runtime.db.write() as session:
            put(
                session,
                endpoint_id=self.hooks[place],
                kind=TEST,
                data={},
                occurred_at=clock.now(),
                fact_id=None,
            )
            found: int = session.sql(
                "select max(id) from webhook_delivery where endpoint_id = :id", id=self.hooks[place]
            ).scalar_one()
        return found

    def doubt(self, account: AccountRef) -> UUID:
        """A reading of an account that nobody believes, one more each time; its id."""
        with self._town.runtime.db.write() as session:
            return held.hold_interval(session, account_id=account.id, now=clock.now())

    def pictured(self, place: Place, *, reason: str = "first") -> UUID:
        """A reading of a register that a customer told with a picture, and that waits; its id."""
        who, home = {"own": ("owner", self._town.house), "other_unit": ("far", self._town.far)}[place]
        with self._town.runtime.db.write() as session:
            return held.hold_register(
                session,
                self._town.runtime.vault,
                account_id=home.account.id,
                user_id=self._town.people[who].user_id,
                now=clock.now(),
                reason=reason,
            )

    def oddity(self, account: AccountRef) -> UUID:
        """Something odd in readings of an account, one more each time; its id."""
        with self._town.runtime.db.write() as session:
            return held.find_odd(session, account_id=account.id, now=clock.now())

    def entitle(self, account: AccountRef) -> int:
        """Something that an account is entitled to, of a kind of its own each time; its number."""
        with self._town.runtime.db.write() as session:
            return accounts.add_entitlement(
                session,
                account_id=account.id,
                kind=f"k{uuid.uuid4().hex[:12]}",
                value=Decimal(1),
                valid_from=date(2026, 1, 1),
                valid_to=None,
                document="",
                renewals={},
                actor=ACTOR,
                now=clock.now(),
            )

    def draft(self, *, is_new: bool) -> int:
        """The number of a draft of the office's tariff: the first, or one more."""
        with self._town.runtime.db.write() as session:
            if tariff_queries.tariff_named(session, code=TARIFF, on=clock.now().date()) is None:
                tariffs.create_tariff(
                    session,
                    code=TARIFF,
                    name="Office",
                    tariff_class=TariffClass.ANY,
                    currency="CNY",
                    actor=ACTOR,
                    now=clock.now(),
                )
            elif not is_new:
                return 1
            return tariffs.draft(
                session,
                code=TARIFF,
                valid_from=clock.now().date() + timedelta(days=40),
                valid_to=None,
                document=DOCUMENT,
                note="",
                zone=self._town.settings.zone,
                actor=ACTOR,
                now=clock.now(),
            ).version_no

    def dry_run(self, place: Place) -> int:
        """A dry run that is at its end, with rows of one unit alone; its number."""
        with self._town.runtime.db.write() as session:
            run_id: int = session.sql(
                """insert into import_run (kind, file_digest, mode, file_name, rows_done, rows_new, finished_at)
                   values ('bills', sha256(''), 'check', 'bills.csv', 1, 1, now()) returning id"""
            ).scalar_one()
            unit = staffing.unit_by_code(session, code=HERE if place == "own" else ELSEWHERE)
            assert unit is not None
            accounts.count_rows(
                session, run_id=run_id, rows=[UnitRows(unit.id, new=1, changed=0, unchanged=0, accounts=1)], rejects=[]
            )
        return run_id

    def invitation(self) -> str:
        """The token of a living invitation."""
        with self._town.runtime.db.write() as session:
            return people.invited(session, name=f"new{uuid.uuid4().hex[:12]}", now=clock.now()).token

    def file(self, member: Member) -> UUID:
        """A list that somebody asked for and may take as a file."""
        filters: dict[str, Json] = {"unit": "", "of": "", "level": "", "field": ""}
        db, now = self._town.runtime.db, clock.now()
        with db.write() as session:
            file_id = casework.ask_file(
                session, of_list="gaps", filters=filters, staff_id=member.staff_id, actor=ACTOR, now=now
            )
        assert flows.write_file(db, vault=self._town.runtime.vault, file_id=file_id, now=now)
        return file_id

    def tried(self, member: Member) -> UUID:
        """A dry run of the office's tariff on many accounts, at its end; the same for every look of a member."""
        if member.staff_id not in self._tried:
            run_id = self._tried[member.staff_id] = uuid.uuid4()
            with self._town.runtime.db.write() as session:
                session.sql(
                    """insert into dry_run (id, staff_id, tariff_code, version_no, document, month, unit_ids, state,
                         accounts, of_accounts, asked_at, expires_at)
                       select :id, g.staff_id, :code, 1, '{}', '2026-01-01', array_agg(g.unit_id), 'ready', 0, 0, :now,
                         cast(:now as timestamptz) + interval '1 day'
                       from staff_grant g where g.staff_id = :staff_id group by g.staff_id""",
                    id=run_id,
                    staff_id=member.staff_id,
                    code=TARIFF,
                    now=clock.now(),
                )
        return self._tried[member.staff_id]

    def kept_filter(self, member: Member) -> UUID:
        """A filter that somebody keeps."""
        filter_id = uuid.uuid4()
        with self._town.runtime.db.write() as session:
            session.sql(
                """insert into staff_filter (id, staff_id, of_list, name, query, created_at)
                   values (:id, :staff_id, 'people', :name, 'state=active', :now)""",
                id=filter_id,
                staff_id=member.staff_id,
                name=filter_id.hex,
                now=clock.now(),
            )
        return filter_id

    def other_session(self, member: Member) -> UUID:
        """Another browser in which somebody is signed in."""
        session_id = uuid.uuid4()
        now = clock.now()
        with self._town.runtime.db.write() as session:
            session.sql(
                """insert into staff_session (id, staff_id, cookie_hash, device_name, created_at, last_used_at,
                     idle_until, expires_at) values (:id, :staff_id, :hash, 'Firefox', :now, :now, :idle, :end)""",
                id=session_id,
                staff_id=member.staff_id,
                hash=session_id.bytes * 2,
                now=now,
                idle=now + timedelta(minutes=30),
                end=now + timedelta(hours=12),
            )
        return session_id


_offices: dict[int, Office] = {}


def office_of(town: Town) -> Office:
    """The staff of a town, employed when first asked for."""
    found = _offices.get(id(town))
    if found is None or found._town is not town:
        found = _offices[id(town)] = Office(town)
    return found
