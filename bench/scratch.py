"""A database that exists for one run only, beside the one that DATABASE_URL names, with Django set up on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg

NAME = f"bench_{os.getpid()}"


def _beside(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def scratch_database() -> Iterator[str]:
    """Its address. Needs DATABASE_URL and the right to make databases; removes what it made, also on failure."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit(
            "Set DATABASE_URL to a PostgreSQL server on which a database may be made, or run `make bench`."
        )
    os.environ.setdefault("PORTAL_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{NAME}"')
        os.environ["DATABASE_URL"] = _beside(url, NAME)
        try:
            django.setup()
            from django.core.management import call_command
            from django.db import connections

            call_command("migrate", verbosity=0, skip_checks=True)
            yield os.environ["DATABASE_URL"]
            connections.close_all()
        finally:
            os.environ["DATABASE_URL"] = url
            admin.execute(f'DROP DATABASE "{NAME}" WITH (FORCE)')
