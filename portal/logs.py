"""The shape of the portal's log: one JSON object a line on the console."""

from typing import Any


def json_lines(*, level: str) -> dict[str, Any]:
    """The `LOGGING` setting, with this least level."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"correlation": {"()": "portal.operations.correlation.LogFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(trace_id)s %(span_id)s %(correlation_id)s",
                "rename_fields": {"asctime": "timestamp", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["correlation"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "propagate": False},
            "httpx": {"level": "WARNING"},
            # Its lines hold what servers send in their headers.
            "httpcore": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            # Two lines for every hint would bury the rest.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }
