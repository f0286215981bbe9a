"""What stands in the console's menu, for whom."""

from collections.abc import Callable
from dataclasses import dataclass

from services.accounts.roles import StaffPermission


@dataclass(frozen=True)
class Entry:
    """One line of the menu; without `permission` everybody who is signed in sees it.

    `is_for_all`: the page takes the permission in every unit, as it is about the whole supplier.
    """

    href: str
    label: str
    picture: str
    permission: StaffPermission | None = None
    is_for_all: bool = False

    def holds(self, path: str) -> bool:
        """Whether a page stands under this line."""
        below = {"/staff/search": "/staff/accounts", "/staff/quality": "/staff/gaps"}.get(self.href, self.href)
        return path == self.href or (self.href != "/staff" and path.startswith((self.href, below)))


def entries(
    _: Callable[[str], str], somewhere: frozenset[StaffPermission], everywhere: frozenset[StaffPermission]
) -> list[Entry]:
    """The lines that somebody sees who may do this somewhere and that everywhere, in the reader's language."""
    every = [
        Entry("/staff", _("Start"), "house"),
        Entry("/staff/search", _("Customers"), "search", StaffPermission.ACCOUNTS_VIEW),
        Entry("/staff/quality", _("Data quality"), "file-text", StaffPermission.ACCOUNTS_VIEW),
        Entry("/staff/payments/unknown", _("Unknown payments"), "circle-alert", StaffPermission.PAYMENTS_VIEW),
        Entry("/staff/suspense", _("Suspense"), "landmark", StaffPermission.SUSPENSE_VIEW),
        Entry("/staff/readings", _("Readings"), "gauge", StaffPermission.METERING_VIEW),
        Entry("/staff/tariffs", _("Tariffs"), "tags", StaffPermission.TARIFFS_VIEW),
        Entry("/staff/entitlements", _("Entitlements"), "shield-check", StaffPermission.ACCOUNTS_VIEW),
        Entry("/staff/calendar", _("Holidays"), "clock", StaffPermission.TARIFFS_VIEW),
        Entry("/staff/webhooks", _("Webhooks"), "link", StaffPermission.WEBHOOKS_MANAGE),
        Entry("/staff/imports", _("Imports"), "file-input", StaffPermission.IMPORTS_VIEW),
        Entry("/staff/people", _("Staff"), "users", StaffPermission.STAFF_VIEW),
        Entry("/staff/approvals", _("Approvals"), "circle-check"),
        Entry("/staff/audit", _("Audit log"), "scroll-text", StaffPermission.AUDIT_VIEW),
        Entry("/staff/files", _("My files"), "download"),
        Entry("/staff/health", _("System health"), "activity", StaffPermission.HEALTH_VIEW, is_for_all=True),
    ]
    return [
        each
        for each in every
        if each.permission is None or each.permission in (everywhere if each.is_for_all else somewhere)
    ]
