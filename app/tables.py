"""Imports every module that declares tables, so that the metadata is whole."""

import core.aside
import core.audit
import core.idempotency
import core.inbox
import core.intake.runs
import core.outbox
import core.rotation
import core.rounds
import notifications.models
import notifications.webhooks.models
import services.accounts.models
import services.accounts.models.imports
import services.billing.models
import services.casework.models
import services.identity.models
import services.ledger.models
import services.metering.models
import services.payments.models
import services.tariffs.models
import services.usage.models

__all__ = ["core", "notifications", "services"]
