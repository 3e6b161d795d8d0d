"""The database's settings out of its address: PostgreSQL only, with the limits every connection gets."""

from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# A forgotten transaction holds back vacuum and slows the idle sweep a hundredfold: end it.
_LIMITS = (
    "-c idle_in_transaction_session_timeout=60000 -c statement_timeout=60000 -c lock_timeout=20000 -c TimeZone=UTC"
)


def postgresql(url: str) -> dict[str, Any]:
    """An entry of `DATABASES` for this address; any other engine is refused. What the address sets itself, stays."""
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except (ValueError, KeyError):
        raise ImproperlyConfigured(
            "DATABASE_URL is not a database address; write postgresql://USER:PASSWORD@HOST:PORT/NAME."
        ) from None
    if database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL database: postgresql://USER:PASSWORD@HOST:PORT/NAME."
        )
    options = database.setdefault("OPTIONS", {})
    options.setdefault("connect_timeout", 5)
    options.setdefault("options", _LIMITS)
    return database
