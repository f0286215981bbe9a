"""What both edges need to send and take codes."""

from core.config import Settings
from services.identity.flows import CodePolicy


def code_policy(settings: Settings) -> CodePolicy:
    """The supplier's part of sending codes."""
    return CodePolicy(settings.supplier_phone_region, settings.zone, settings.sign_in_daily_codes)
