"""Refusals of whoever looks after webhooks."""

from core.errors import Refusal


class WebhookUnknown(Refusal):
    """There is no such endpoint, or delivery, where one may look after them."""

    code = "webhook_not_found"


class WebhookChanged(Refusal):
    """Somebody changed the endpoint after what the caller saw of it."""

    code = "webhook_changed"


class WebhooksMany(Refusal):
    """A unit has as many endpoints as it may have."""

    code = "webhooks_too_many"
