"""What must be true before anything is started. Each refusal is one sentence that says what to do."""

import errno
import fcntl
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, urlsplit

import psycopg

from portal.embedded.errors import StartRefused

_DATABASE_SCHEMES = {"postgres", "postgresql"}
_BROKER_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
_OLDEST_SERVER = 140000
_DATABASE_FORM = "write postgresql://USER:PASSWORD@HOST:PORT/NAME"


def data_directory(directory: Path) -> None:
    """Make the data directory if it is missing and see that it can be written to."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "logs").mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".write-"):
            pass
    except OSError as error:
        raise StartRefused(
            f"The data directory {directory} cannot be written to ({_reason(error)}); allow it or choose another one "
            "with DATA_DIR."
        ) from error


def lock(directory: Path) -> IO[str]:
    """Take the data directory for this process; the lock lives as long as the returned file."""
    file = (directory / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise StartRefused(
            f"A portal already runs in {directory} (process {holder}); stop that one, or choose another directory with "
            "DATA_DIR and another PORT."
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def purpose(directory: Path, kind: str) -> None:
    """Refuse a demo's directory for a run and the other way round, and mark a new one."""
    path = directory / "kind"
    found = path.read_text(encoding="ascii").strip() if path.exists() else ""
    if found and found != kind:
        raise StartRefused(
            f"{directory} belongs to `make {found}`; start it with that, or choose another directory with DATA_DIR."
        )
    path.write_text(kind + "\n", encoding="ascii")


def free_port(port: int, name: str, *, patience: float = 0.0) -> None:
    """See that the port can be listened on, waiting up to `patience` seconds for one that is just being left."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
                listener.listen(1)
            return
        except OSError as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            if error.errno == errno.EADDRINUSE:
                raise StartRefused(
                    f"Port {port} is in use by another program; stop it or choose another one with {name}=<number>."
                ) from error
            raise StartRefused(
                f"Port {port} cannot be opened ({_reason(error)}); choose another one with {name}=<number>."
            ) from error


def database(url: str) -> None:
    """Connect to the database of DATABASE_URL once."""
    parts = _split(url, "DATABASE_URL", _DATABASE_FORM)
    if parts.scheme not in _DATABASE_SCHEMES:
        raise StartRefused(f"DATABASE_URL must name a PostgreSQL database: {_DATABASE_FORM}.")
    if not parts.path.strip("/"):
        raise StartRefused(f"DATABASE_URL names no database; {_DATABASE_FORM}.")
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        raise StartRefused(_why_not(error, parts)) from error
    except (psycopg.Error, UnicodeError, ValueError) as error:
        raise StartRefused(f"DATABASE_URL is not a database address; {_DATABASE_FORM}.") from error
    if version < _OLDEST_SERVER:
        raise StartRefused(
            f"The database server of DATABASE_URL is PostgreSQL {version // 10000}; the portal needs 14 or newer."
        )


def broker(url: str) -> str | None:
    """Check the form of BROKER_URL. Returns a warning when nothing answers there: work goes on without a broker."""
    form = "write redis://HOST:PORT/0 or amqp://USER:PASSWORD@HOST:PORT/VHOST"
    parts = _split(url, "BROKER_URL", form)
    if parts.scheme not in _BROKER_PORTS or not parts.hostname:
        raise StartRefused(f"BROKER_URL is not a broker address; {form}, or leave it empty for the embedded broker.")
    place = (parts.hostname, parts.port or _BROKER_PORTS[parts.scheme])
    try:
        socket.create_connection(place, timeout=3).close()
    except OSError as error:
        return f"nothing answers at BROKER_URL {place[0]}:{place[1]} ({_reason(error)}); workers go on without a broker"
    return None


def secret_key(directory: Path) -> str:
    """The installation's own secret, made once and readable by its owner alone."""
    path = directory / "secret-key"
    if not path.exists():
        write_private(path, [secrets.token_urlsafe(50)])
    return path.read_text(encoding="ascii").strip()


def write_private(path: Path, lines: Iterable[str]) -> None:
    """Write a file with mode 0600, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    fresh.replace(path)


def _split(url: str, name: str, form: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise StartRefused(f"{name} is malformed ({error}); {form}.") from error
    return parts


def _why_not(error: psycopg.OperationalError, parts: SplitResult) -> str:
    text = " ".join(str(error).split())
    name, user = parts.path.strip("/"), parts.username or ""
    place = f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
    if "password authentication failed" in text or "no password supplied" in text:
        return f"The database at {place} refuses the password of user {user!r}; correct it in DATABASE_URL."
    if f'database "{name}" does not exist' in text:
        return f'There is no database {name!r} at {place}; create it (createdb "{name}") or correct DATABASE_URL.'
    if "role" in text and "does not exist" in text:
        return f"The database at {place} knows no user {user!r}; correct it in DATABASE_URL."
    return f"The database at {place} cannot be reached ({_last_clause(text)}); start it or correct DATABASE_URL."


def _last_clause(text: str) -> str:
    """The telling part of libpq's message: '… failed: Connection refused Is the server …' → 'Connection refused'."""
    clause = text.split(" Multiple connection")[0].rpartition("failed: ")[2]
    return clause.split(" Is the server")[0].rstrip(".")[:160]


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
