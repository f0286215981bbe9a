"""What people are asked to agree to, in words: one text per purpose, version and language, never changed once shown.

A text that says something else is a new version: add it here beside the old one, which says what others agreed to, and
raise the version in `services.identity.ports`.
"""

from dataclasses import dataclass
from typing import Final

from services.identity.ports import ConsentPurpose


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A purpose in two languages: its name, and what one agrees to."""

    title_zh: str
    zh: str
    title_en: str
    en: str

    def title(self, locale: str) -> str:
        """What the purpose is called."""
        return self.title_zh if locale.startswith("zh") else self.title_en

    def text(self, locale: str) -> str:
        """What one agrees to."""
        return self.zh if locale.startswith("zh") else self.en


TEXTS: Final[dict[tuple[ConsentPurpose, int], ConsentText]] = {
    (ConsentPurpose.MARKETING, 1): ConsentText(
        title_zh="优惠与活动信息",
        zh="同意我们通过短信和站内消息向您发送优惠、活动和新服务的信息。账单、缴费、停电等必要通知不受影响。",
        title_en="Offers and events",
        en="We may write to you, by text message and in your inbox, about offers, events and new services. Notices "
        "that you need, as of bills, payments and outages, come either way.",
    ),
    (ConsentPurpose.ANALYSIS, 1): ConsentText(
        title_zh="用电分析与个性化建议",
        zh="同意我们分析您的用电和缴费记录，为您提供节能建议，并改进我们的服务。分析结果不会提供给他人。",
        title_en="Analysis and personal advice",
        en="We may analyse your usage and payments to advise you on saving energy and to improve our services. We pass "
        "the results on to nobody.",
    ),
}
