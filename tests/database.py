"""The address of the database of the running tests, for processes of their own."""

from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection


def address() -> str:
    """The DATABASE_URL of this run with the test database's name, over TCP or a socket alike."""
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}"))
