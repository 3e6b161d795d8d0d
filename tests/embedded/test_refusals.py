"""A start that cannot work says so in one sentence on standard error and exits with 2."""

import fcntl
import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import env as portal_env
from portal.embedded import checks, options
from portal.embedded.errors import StartRefused
from portal.embedded.postgres import temporary_server
from tests.embedded.conftest import Start

DATABASES = {
    "postgresql://portal@[::1/portal": "DATABASE_URL is malformed",
    "postgresql://portal@127.0.0.1:port/portal": "DATABASE_URL is malformed",
    "mysql://portal@127.0.0.1/portal": "DATABASE_URL must name a PostgreSQL database",
    "portal": "DATABASE_URL must name a PostgreSQL database",
    "postgresql://portal@127.0.0.1:5432": "DATABASE_URL names no database",
    "postgresql://portal@127.0.0.1:1/portal": "cannot be reached (Connection refused); start it or correct",
    "postgresql://portal@no-such-host.invalid/portal": "cannot be reached",
    "postgresql://portal@127.0.0.1/portal?colour=red": "DATABASE_URL is not a database address",
}
BROKERS = {
    "rabbit": "BROKER_URL is not a broker address",
    "http://127.0.0.1/": "BROKER_URL is not a broker address",
    "redis:///0": "BROKER_URL is not a broker address",
    "amqp://guest@127.0.0.1:many//": "BROKER_URL is malformed",
}


def refusal(start: Start, environment: dict[str, str], *flags: str) -> str:
    popen = start("-m", "portal.embedded", *flags, env=environment)
    _, errors = popen.communicate(timeout=30)
    assert popen.returncode == 2, errors
    assert errors.count("\n") == 1, f"one sentence, not {errors}"
    return errors.strip()


def test_a_busy_port_is_named_and_so_is_the_way_out(start: Start, environment: dict[str, str], free_port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        text = refusal(start, environment)
        assert (
            text == f"Port {free_port} is in use by another program; stop it or choose another one with PORT=<number>."
        )


def test_the_port_of_the_demo_mcp_server_is_looked_at_for_the_demo_alone(
    start: Start, environment: dict[str, str], free_port: int
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port + 1))
        other.listen()
        assert "choose another one with DEMO_MCP_PORT=" in refusal(start, environment, "--demo")


@pytest.mark.parametrize("value", ["eighty", "0", "70000", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(start: Start, environment: dict[str, str], value: str) -> None:
    assert "is not a port number" in refusal(start, environment | {"PORT": value})


def test_a_directory_in_use_is_refused(start: Start, environment: dict[str, str]) -> None:
    directory = Path(environment["DATA_DIR"])
    directory.mkdir()
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("4711\n")
        file.flush()
        text = refusal(start, environment)
    assert text.startswith(f"A portal already runs in {directory} (process 4711); stop that one")


def test_a_directory_that_cannot_be_written_is_refused(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    text = refusal(start, environment | {"DATA_DIR": str(tmp_path / "file" / "data")})
    assert "cannot be written to (not a directory); allow it or choose another one with DATA_DIR." in text
    text = refusal(start, environment | {"DATA_DIR": "/proc/portal"})
    assert "The data directory /proc/portal cannot be written to" in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_refused(start: Start, environment: dict[str, str]) -> None:
    directory = Path(environment["DATA_DIR"])
    directory.mkdir(mode=0o500)
    assert "permission denied" in refusal(start, environment)


def test_the_directory_of_the_demo_is_not_used_for_a_run(start: Start, environment: dict[str, str]) -> None:
    directory = Path(environment["DATA_DIR"])
    directory.mkdir()
    (directory / "kind").write_text("demo\n")
    assert f"{directory} belongs to `make demo`" in refusal(start, environment)


@pytest.mark.parametrize("url", DATABASES)
def test_a_bad_database_address_is_refused(url: str) -> None:
    with pytest.raises(StartRefused) as refused:
        checks.database(url)
    assert DATABASES[url] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with temporary_server() as url:
        yield url


def test_a_database_or_user_that_is_missing_is_named(server: str) -> None:
    with pytest.raises(StartRefused, match=r"There is no database 'nowhere' at .*createdb"):
        checks.database(server.replace("/portal?", "/nowhere?"))
    with pytest.raises(StartRefused, match="knows no user 'nobody-here'"):
        checks.database(server.replace("postgres@", "nobody-here@"))
    checks.database(server)


def test_a_wrong_password_is_told_from_an_absent_server(server: str) -> None:
    name = f"user{uuid.uuid4().hex[:6]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        hba = Path(row[0])
        hba.write_text(f"local all {name} scram-sha-256\n" + hba.read_text())
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    url = server.replace("postgres@", f"{name}:wrong@")
    with pytest.raises(StartRefused, match=f"refuses the password of user '{name}'; correct it in DATABASE_URL"):
        checks.database(url)
    checks.database(url.replace("wrong", "right"))


def test_a_bad_database_address_stops_the_start(start: Start, environment: dict[str, str]) -> None:
    text = refusal(start, environment | {"DATABASE_URL": "postgresql://portal@127.0.0.1:1/portal"})
    assert text.startswith("The database at 127.0.0.1:1 cannot be reached")


@pytest.mark.parametrize("url", BROKERS)
def test_a_bad_broker_address_is_refused(url: str) -> None:
    with pytest.raises(StartRefused) as refused:
        checks.broker(url)
    assert BROKERS[url] in str(refused.value)


def test_a_broker_that_is_away_is_a_warning_because_work_goes_on() -> None:
    warning = checks.broker("redis://127.0.0.1:1/0")
    assert warning == "nothing answers at BROKER_URL 127.0.0.1:1 (connection refused); workers go on without a broker"


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = checks.secret_key(tmp_path)
    assert len(first) >= 50
    assert checks.secret_key(tmp_path) == first
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_supervisor_and_the_settings_agree_on_the_runtime_file() -> None:
    assert options.RUNTIME_FILE == portal_env.RUNTIME_FILE
