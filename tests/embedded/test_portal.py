"""The whole portal: first and second start, deaths of its parts, Ctrl-C, and a killed supervisor."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.embedded.postgres import temporary_server
from portal.embedded.start import answers
from tests.embedded.conftest import ROOT, Start, Until, family, gone

pytestmark = pytest.mark.faults
SECOND_START_SECONDS = 8.0


@dataclass
class Started:
    """A portal that was started as by `make run`."""

    popen: subprocess.Popen[bytes]
    out: Path
    port: int

    @property
    def shown(self) -> str:
        """What the terminal shows."""
        return self.out.read_text()

    def part(self, word: str) -> psutil.Process:
        """The child whose command line holds the word."""
        found = [p for p in psutil.Process(self.popen.pid).children() if word in " ".join(p.cmdline())]
        assert len(found) == 1, f"{word}: {found}"
        return found[0]

    def ready(self) -> bool:
        """Whether it has said that it serves."""
        assert self.popen.poll() is None, self.shown
        return "The portal is ready" in self.shown

    def complete(self) -> bool:
        """Whether every part runs."""
        return len(psutil.Process(self.popen.pid).children()) == 4

    def status(self, path: str) -> int:
        """The status of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status


@contextlib.contextmanager
def portal(environment: dict[str, str], home: Path, *flags: str) -> Iterator[Started]:
    """A portal in the background; killed with all its family at the end."""
    out = home / f"out-{time.monotonic_ns()}"
    with out.open("wb") as file:
        popen = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded", *flags],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Started(popen, out, int(environment["PORT"]))
    finally:
        for process in family(popen.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        popen.wait()


def test_the_life_of_a_portal(environment: dict[str, str], tmp_path: Path, start: Start, until: Until) -> None:
    data = Path(environment["DATA_DIR"])
    with portal(environment, tmp_path) as first:
        until(first.ready, 90)
        until(first.complete, 15)
        assert "Administrator huda created." in first.shown
        assert first.status("/-/healthz") == 200
        assert (data / "portal.env").stat().st_mode & 0o777 == 0o600

        other = start("-m", "portal.embedded", env=environment)
        _, errors = other.communicate(timeout=30)
        assert other.returncode == 2
        assert errors.startswith(f"A portal already runs in {data} (process {first.popen.pid})")

        known = subprocess.run(
            [sys.executable, "manage.py", "create_administrator", "--if-none"],
            cwd=ROOT,
            env={name: value for name, value in environment.items() if not name.startswith("ADMIN_")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert known.returncode == 0, "another terminal finds the database through portal.env: " + known.stderr

        for word, name in (("gunicorn", "web"), ("portal.celery worker", "worker"), ("bin/postgres", "postgres")):
            victim = first.part(word)
            os.kill(victim.pid, signal.SIGKILL)
            until(lambda name=name: f"{name:<9} started again" in first.shown, 20)
            assert f"{name:<9} died (signal 9, SIGKILL); starts again in 0.5 s" in first.shown
        until(lambda: answers(first.port), 15)
        until(lambda: first.status("/-/readyz") in {200, 503}, 15)

        # What was just killed comes back with children of its own a moment later.
        until(lambda: len(family(first.popen.pid)) > 6, 15)
        everyone = family(first.popen.pid)
        first.popen.send_signal(signal.SIGINT)
        assert first.popen.wait(40) == 0
        assert gone(everyone)
        assert not (data / "portal.env").exists()
        assert "killed" not in first.shown.rpartition("stopping")[2], "every part left when asked"

    begun = time.monotonic()
    with portal(environment, tmp_path) as second:
        until(lambda: answers(second.port), 30)
        assert time.monotonic() - begun < SECOND_START_SECONDS
        until(second.complete, 15)
        everyone = family(second.popen.pid)
        second.popen.kill()
        until(lambda: gone(everyone), 15)

    with portal(environment, tmp_path) as third:
        until(third.ready, 30)
        third.popen.send_signal(signal.SIGTERM)
        assert third.popen.wait(40) == 0


def test_ctrl_c_while_starting_leaves_nothing(environment: dict[str, str], tmp_path: Path, until: Until) -> None:
    with portal(environment, tmp_path) as started:
        until(lambda: (tmp_path / "data" / "portal.env").exists(), 30)
        everyone = family(started.popen.pid)
        started.popen.send_signal(signal.SIGINT)
        assert started.popen.wait(30) == 0
        assert gone(everyone)


def test_without_a_terminal_and_a_name_there_is_no_first_administrator(
    environment: dict[str, str], start: Start
) -> None:
    del environment["ADMIN_PASSWORD"]
    popen = start("-m", "portal.embedded", env=environment)
    _, errors = popen.communicate(timeout=90)
    assert popen.returncode == 2
    assert errors == (
        "There is no administrator yet; set ADMIN_USERNAME and ADMIN_PASSWORD, or start it on a terminal.\n"
    )


def test_a_newer_schema_is_refused_and_two_starters_wait_for_each_other(
    environment: dict[str, str], tmp_path: Path, start: Start
) -> None:
    with temporary_server() as url:
        settings = environment | {"DATABASE_URL": url, "PORTAL_MODE": "local", "BROKER_URL": ""}
        pair = [
            start("manage.py", "prepare", env=settings | {"DATA_DIR": str(tmp_path / name)}) for name in ("one", "two")
        ]
        for popen in pair:
            _, errors = popen.communicate(timeout=120)
            assert popen.returncode == 0, errors
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM people_user").fetchone() == (1,)
            connection.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('people', '9999_from_tomorrow', now())"
            )
        popen = start("-m", "portal.embedded", env=environment | {"DATABASE_URL": url})
        _, errors = popen.communicate(timeout=60)
        assert popen.returncode == 2
        assert errors == (
            "The database is newer than this version of the portal (it holds people.9999_from_tomorrow); start the "
            "newer version, or choose another database with DATABASE_URL or DATA_DIR.\n"
        )


def test_the_demo_brings_its_mcp_server_and_says_how_to_sign_in(
    environment: dict[str, str], tmp_path: Path, until: Until
) -> None:
    with portal(environment, tmp_path, "--demo") as demo:
        until(demo.ready, 120)
        until(lambda: len(psutil.Process(demo.popen.pid).children()) == 5, 15)
        assert f"http://127.0.0.1:{demo.port}" in demo.shown
        assert "viewer engineer lead head executive operator admin   password: portal-demo" in demo.shown
        until(lambda: _listens(demo.port + 1), 20)
        everyone = family(demo.popen.pid)
        demo.popen.send_signal(signal.SIGINT)
        assert demo.popen.wait(40) == 0
        assert gone(everyone)
        assert "died" not in demo.shown


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
