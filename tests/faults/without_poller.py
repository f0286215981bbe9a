"""The clock of a deployment whose poller is off: nobody asks a provider by the clock, callbacks must do alone."""

import app.worker  # noqa: F401 -- settings, tasks and their times
from jobs.celery_app import app as celery
from jobs.payments import check_attempts

del celery.conf.beat_schedule[check_attempts.name]
