"""The channel that a deployment's settings describe."""

import json
from typing import Final

from pydantic import TypeAdapter

from core.config import Settings
from core.http import Client
from notifications.channels.aliyun_sms.client import TOTAL_S, AliyunSms

_TEMPLATES: Final = TypeAdapter(dict[str, dict[str, str]])


def from_settings(settings: Settings) -> AliyunSms | None:
    """The supplier's account at Aliyun, or None when no access key is set.

    Raises ValueError for templates that are not as documented.
    """
    if settings.aliyun_sms_access_key_id is None:
        return None
    return AliyunSms(
        Client(settings.aliyun_sms_base_url, name="aliyun_sms", total_s=TOTAL_S),
        key_id=settings.aliyun_sms_access_key_id,
        key_secret=settings.aliyun_sms_access_key_secret.get_secret_value(),
        sign_name=settings.aliyun_sms_sign_name,
        unit_signs=settings.sms_signs_by_unit,
        templates=_TEMPLATES.validate_python(json.loads(settings.aliyun_sms_templates)),
        default_locale=settings.locales[0],
    )
