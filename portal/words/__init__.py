"""What the codes are called that pages show: acts, tasks, states, fields of changes, accounts of the books.

A code without a word is shown as it is. Texts are put into a language once, when its pages are set up: a page of the
console says hundreds of words, and each then costs one look.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from markupsafe import Markup

from portal.words import customers, energy, log, messages, money, staff, tariffs
from services.tariffs.queries import Reason

WORDS: Final[Mapping[str, Mapping[Any, str]]] = {
    "access_role": customers.ACCESS_ROLES,
    "act": log.ACTS,
    "bar": energy.BARS,
    "callback": money.CALLBACKS,
    "channel": energy.CHANNELS,
    "check": staff.CHECKS,
    "class": customers.CLASSES,
    "data": customers.DATA,
    "day_class": energy.DAY_CLASSES,
    "day_kind": tariffs.DAY_KINDS,
    "entitlement": customers.ENTITLEMENTS,
    "doubt": energy.DOUBTS,
    "doubt_state": energy.DOUBT_STATES,
    "kind_of_day": tariffs.DAYS,
    "event": staff.EVENTS,
    "odd": energy.ODDS,
    "own_doubt": energy.OWN_DOUBTS,
    "fault": tariffs.FAULTS,
    "field": log.FIELDS,
    "finding": messages.FINDINGS,
    "import": staff.IMPORTS,
    "imported_bills": staff.IMPORTED_BILLS,
    "item": money.BILL_ITEMS,
    "kind": customers.KINDS,
    "ledger": money.LEDGER,
    "line": energy.LINES,
    "list": staff.LISTS,
    "measure": money.MEASURES,
    "merchant": money.MERCHANTS,
    "message": messages.MESSAGES,
    "message_state": messages.STATES,
    "payment": money.PAYMENTS,
    "payment_mode": customers.PAYMENT_MODES,
    "period": energy.PERIODS,
    "permission": staff.PERMISSIONS,
    "posting": money.POSTINGS,
    "provider": money.PROVIDERS,
    "reading_source": energy.READING_SOURCES,
    "refund": money.REFUNDS,
    "role": staff.ROLES,
    "rounding": energy.ROUNDINGS,
    "section": customers.SECTIONS,
    "section_empty": customers.EMPTY_SECTIONS,
    "suspense": money.SUSPENSE,
    "suspense_state": money.SUSPENSE_STATES,
    "tariff_class": tariffs.CLASSES,
    "task": staff.TASKS,
    "use_class": customers.USES,
    "version_state": energy.VERSION_STATES,
}
"""Tables of words by what their codes are codes of."""

_MOMENTS: Final = frozenset({"due_at", "since", "until"})
_PEOPLE: Final = {"staff_id": "staff", "user_id": "user"}
_THINGS: Final = frozenset({"about", "actor", "subjects"})


class Words:
    """The words of one language."""

    def __init__(
        self, say: Callable[[str], Markup], formats: Mapping[str, Callable[..., str]], *, currency: str
    ) -> None:
        """`say` gives a text in the language, `formats` its amounts and times; `currency` is the supplier's own."""

        def said(table: Mapping[Any, str]) -> dict[Any, Markup]:
            return {code: say(text) for code, text in table.items()}

        self._tables = {kind: said(table) for kind, table in WORDS.items()}
        self._codes = {field: said(table) for field, table in log.CODES.items()}
        self._things = said(log.THINGS)
        self._whole = said(log.WHOLE)
        self._purposes = said(money.LEDGER_PURPOSES)
        self._reasons = said(tariffs.REASONS)
        self._answers = {True: say(log.YES), False: say(log.NO)}
        self._formats = formats
        self._currency = currency

    def filters(self) -> dict[str, Callable[..., Any]]:
        """What templates may call on codes."""
        return {
            "word": self.word,
            "ledger_account": self.ledger_account,
            "thing": self.thing,
            "told": self.told,
            "line_reason": self.line_reason,
        }

    def word(self, code: Any, kind: str, otherwise: str | None = None) -> Any:
        """What a code is called: the one that is asked for, or the code itself, where there is no word."""
        return self._tables[kind].get(code, code if otherwise is None else otherwise)

    def ledger_account(self, code: str) -> str:
        """What an account of the books is called."""
        purpose, _, provider = code.partition(".")
        if purpose in self._purposes:
            return self._purposes[purpose] % {"provider": self.word(provider, "provider")}
        return str(self.word(code, "ledger", self.word(code, "item")))

    def thing(self, name: str, names: Mapping[str, str]) -> str:
        """Who acted, or what an act is about: as it is in `names`, else what kind of thing it is, with its id."""
        kind, _, rest = name.partition(":")
        member = f"{kind}:{rest.partition(':')[0]}"
        if kind == "staff" and member in names:
            return names[member]
        if kind in ("list", "permission"):
            return str(self.word(rest, kind))
        if kind in self._things and rest:
            return Markup("{} {}").format(self._things[kind], names.get(name, rest))
        return self._whole.get(name, name)

    def line_reason(self, reason: Reason) -> str:
        """Why a line of a price is there, with the numbers that it follows from."""
        facts = {
            name: self.word(value, "period") if name == "period" else self.word(value, "measure")
            for name, value in reason.facts.items()
            if not isinstance(value, list)
        }
        return self._reasons[reason.code] % facts if reason.code in self._reasons else reason.code

    def told(self, value: Any, field: str, change: Mapping[str, Any], names: Mapping[str, str]) -> str:  # noqa: PLR0911 -- one kind of value a line
        """What the audit log says of one field of a change."""
        if value is None or value in ("", []):
            return "–"
        if isinstance(value, bool):
            return self._answers[value]
        if isinstance(value, list | dict):
            return Markup(", ").join(self.told(each, field, change, names) for each in value)
        if field == "amount_minor":
            return self._formats["minor_money"](value, change.get("currency") or self._currency)
        if field in _MOMENTS:
            return self._formats["moment_of"](value)
        if field in ("account_id", "account_ids"):
            return names.get(f"account:{value}", str(value))
        if field in _PEOPLE:
            return names.get(f"{_PEOPLE[field]}:{value}", str(value))
        if field in _THINGS:
            return self.thing(value, names)
        return self._codes.get(field, {}).get(str(value), str(value))
