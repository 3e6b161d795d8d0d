"""The database of the running tests: its address, for processes of their own, and the one that all workers copy."""

import fcntl
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql


def address() -> str:
    """The DATABASE_URL of this run with the test database's name, over TCP or a socket alike."""
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}"))


def looking_again() -> None:
    """Plans of this transaction look for what a join needs once per row: what is limited there alone is not limited."""
    with connection.cursor() as cursor:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


def template(run: str) -> str:
    """The name of the database that the workers of a run copy."""
    return f"test_template_{run}"


def copy_template(run: str) -> None:
    """Have the test database made as a copy of the run's template; the first to come makes it, as migrations take long."""
    wanted, settled = template(run), Path(tempfile.gettempdir()) / f"{template(run)}.done"
    with settled.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not settled.exists():
            named, own = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"]
            connection.settings_dict["TEST"]["NAME"] = wanted
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            connection.close()
            connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"] = named, own
            settings.DATABASES["default"]["NAME"] = named
            settled.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = wanted


def drop_template(run: str) -> None:
    """At the end of a run, when no worker is left."""
    for suffix in (".done", ".lock"):
        (Path(tempfile.gettempdir()) / f"{template(run)}{suffix}").unlink(missing_ok=True)
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as link:
        link.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(template(run))))
