"""The clock and queue edge: Celery, its schedule, and tasks of five lines."""
