"""What a customer does in the portal, step by step, by what stands on the page."""

import itertools
import re
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page

from services.accounts.queries import AccountRef
from tests.factories.accounts import make_account
from tests.factories.billing import make_bill
from tests.portal.scenes import TODAY
from tests.support.browser import Visit
from tests.support.deployment import Deployment

_numbers = itertools.count(1)
NAME: Final = "沈若溪"
SUBMIT: Final = "main form:has(input:not([type=hidden])) button[type=submit]"


@dataclass
class Customer:
    """A person with a telephone and a browser."""

    visit: Visit
    phone: str

    @property
    def page(self) -> Page:
        """What is on the screen."""
        return self.visit.page

    @property
    def deployment(self) -> Deployment:
        """The supplier."""
        return self.visit.deployment

    def sign_in(self) -> None:
        """By telephone and the code that comes to it."""
        page = self.visit.open("/")
        page.wait_for_url("**/sign-in")
        page.fill("#phone", self.phone)
        page.click(SUBMIT)
        page.wait_for_selector("#code")
        page.fill("#code", self.deployment.code_for(self.phone))
        page.click(SUBMIT)
        page.wait_for_selector("nav")

    def link(self, account_no: str, *, character: str, meter_no: str) -> None:
        """Prove that an account is one's own."""
        page = self.page
        page.fill("#account_no", account_no)
        page.fill("#name_character", character)
        page.check("[name=proof][value=meter_no]")
        page.fill("#proof_value", meter_no)
        page.click(SUBMIT)
        page.wait_for_selector(".note.good")

    def begin_to_pay(self, amount: str | None = None) -> str:
        """From home to the page that waits; answers the payment's number."""
        self.visit.open("/")
        self.page.click(".due .button")
        self.page.wait_for_url("**/pay/*")
        if amount is not None:
            self.page.fill("#amount", amount)
        self.page.click(SUBMIT)
        self.page.wait_for_url("**/payments/*")
        return self.payment_no()

    def payment_no(self) -> str:
        """The number of the payment on the screen."""
        found = re.search(r"/payments/(\w+)", self.page.url)
        assert found is not None, self.page.url
        return found[1]

    def scan_and_pay(self, payer: Visit, payment_no: str) -> None:
        """Point another telephone's WeChat at the code on the screen, and pay there."""
        order = self.deployment.sandbox.order(self.deployment.out_trade_no(payment_no))
        assert order is not None
        page = payer.page
        page.goto(f"{self.deployment.sandbox.base_url}/wechat-pay/scan?code={order['answer']['code_url']}")
        page.click("button[value=pay]")
        page.wait_for_selector(".done")


def new_phone(prefix: str = "13600") -> str:
    """A telephone that nobody has signed in with."""
    return f"{prefix}{next(_numbers):06d}"


def home_with_a_bill(deployment: Deployment, *, amount_minor: int = 12_860) -> AccountRef:
    """A flat with a meter and one open bill; nobody has linked it."""
    number = f"36{next(_numbers):08d}"
    with deployment.database.write() as session:
        account = make_account(session, deployment.vault, account_no=number, name=NAME, meter_no=f"M{number}")
        make_bill(session, account, amount_minor=amount_minor, due_date=TODAY, bill_no=f"B{number}")
    return account
