"""Heartbeats of background work, by the database's clock alone."""

from datetime import datetime

import orjson
from django.db import connection


def beat(name: str, detail: dict[str, object] | None = None) -> None:
    """Note that the work `name` has just run to its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO operations_heartbeat (name, at, detail) VALUES (%s, statement_timestamp(), %s::jsonb)"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
            [name, orjson.dumps(detail or {}).decode()],
        )


def database_now() -> datetime:
    """The database's clock: the only clock that judgement uses."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    assert isinstance(now, datetime)
    return now
