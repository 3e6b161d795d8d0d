"""Sending and spooling by `portal_gx`, without Great Expectations: against a small server that answers as it is told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from portal_gx import Spool, deliver, flush
from portal_gx.sending import send
from portal_gx.stripping import exception_name

TOKEN = "not-a-real-token"
PACKAGE = Path(__file__).parents[2] / "integrations" / "portal_gx"


class Answering(ThreadingHTTPServer):
    """Answers with these statuses, one after the other, then 201; keeps what it was sent."""

    statuses: list[int]
    seen: list[tuple[str, str, dict[str, Any]]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Answering)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.seen.append((self.path, self.headers["Authorization"], body))
        self.send_response(server.statuses.pop(0) if server.statuses else 201)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def portal() -> Iterator[Answering]:
    server = Answering(("127.0.0.1", 0), Handler)
    server.statuses, server.seen = [], []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "waits")


def report(number: int = 1) -> dict[str, Any]:
    return {
        "tool": "gx",
        "checkpoint": "orders-daily",
        "run_id": {"run_name": f"r{number}", "run_time": "2026-11-25T03:00:00Z"},
    }


def send_now(portal: Answering, number: int = 1, **more: Any) -> str:
    told: dict[str, Any] = {"url": portal.url, "token": TOKEN, "sleep": lambda _seconds: None} | more
    return send(report(number), **told).status


def test_it_is_posted_with_the_token_to_its_checkpoint(portal: Answering) -> None:
    assert send_now(portal) == "sent"
    assert portal.seen == [("/api/v1/checkpoints/orders-daily/results/", f"Bearer {TOKEN}", report())]


@pytest.mark.parametrize(
    ("statuses", "status", "attempts"),
    [
        ([500, 503, 201], "sent", 3), ([429, 201], "sent", 2), ([500, 500, 500], "waiting", 3), ([422], "refused", 1),
        ([409], "refused", 1), ([404], "refused", 1), ([401], "waiting", 1), ([403], "waiting", 1), ([302] * 3, "waiting", 3),
    ],
)  # fmt: skip
def test_what_is_tried_again(portal: Answering, statuses: list[int], status: str, attempts: int) -> None:
    portal.statuses = list(statuses)
    assert send_now(portal) == status
    assert len(portal.seen) == attempts


def test_without_a_portal_a_token_or_an_address_it_waits(portal: Answering) -> None:
    for more in (
        {"url": "http://127.0.0.1:9"},
        {"token": ""},
        {"url": "file:///etc/passwd"},
        {"url": ""},
        {"token": "a\nb"},
    ):
        assert send_now(portal, **more) == "waiting", more
    assert portal.seen == []


def test_what_could_not_be_delivered_waits_for_its_owner_alone_and_goes_first(portal: Answering, spool: Spool) -> None:
    portal.statuses = [401, 401]
    told: dict[str, Any] = {"spool": spool, "url": portal.url, "token": TOKEN}
    assert deliver(report(1), **told).status == "waiting"
    [path] = spool.waiting()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert deliver(report(1), **told).status == "waiting"
    assert spool.waiting() == [path], "the same waits once"
    assert [*path.parent.iterdir()] == [path], "nothing half written is left"
    portal.seen.clear()
    assert deliver(report(2), **told).status == "sent"
    assert [body["run_id"]["run_name"] for _path, _token, body in portal.seen] == ["r1", "r2"]
    assert spool.waiting() == []


def test_a_later_run_never_overtakes_one_that_waits(portal: Answering, spool: Spool) -> None:
    for number in (1, 2):
        spool.keep(report(number))
    portal.statuses = [201, 401]
    assert deliver(report(3), spool=spool, url=portal.url, token=TOKEN).status == "waiting"
    assert [Spool.read(path) for path in spool.waiting()] == [report(2), report(3)]
    assert flush(spool, url=portal.url, token=TOKEN) == (2, 0, 0)
    assert [body["run_id"]["run_name"] for _path, _token, body in portal.seen] == ["r1", "r2", "r2", "r3"]


def test_what_is_refused_is_set_aside_and_holds_up_nothing(portal: Answering, spool: Spool) -> None:
    first = spool.keep(report(1))
    spool.keep(report(2))
    (first.parent / "00000000000000000001-torn.json").write_text("{", encoding="utf-8")
    portal.statuses = [409]
    assert flush(spool, url=portal.url, token=TOKEN) == (1, 2, 0)
    assert len([*first.parent.glob("*.refused")]) == 2


def test_two_processes_that_flush_at_once_lose_nothing(portal: Answering, spool: Spool) -> None:
    for number in range(20):
        spool.keep(report(number))
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _turn: flush(spool, url=portal.url, token=TOKEN), range(2)))
    assert {body["run_id"]["run_name"] for _path, _token, body in portal.seen} == {f"r{number}" for number in range(20)}
    assert spool.waiting() == []


def test_the_command(portal: Answering, spool: Spool, tmp_path: Path) -> None:
    spool.keep(report())
    command = [sys.executable, "-m", "portal_gx", "flush", "--url", portal.url, "--spool", str(tmp_path / "waits")]
    bare = {"PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, "PORTAL_TOKEN is not set" in done.stderr) == (2, True)
    done = subprocess.run(command, env=bare | {"PORTAL_TOKEN": TOKEN}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 delivered, 0 refused, 0 waiting\n")
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Traceback (most recent call last):\n  File\nValueError: planted\n", "ValueError"),
        ("Traceback\nsqlalchemy.exc.OperationalError: (x) no such table\n[SQL: SELECT]\n", "OperationalError"),
        ("KeyError", "KeyError"), ("planted@secret.example", ""), ("planted Error", ""), ("", ""), (None, ""), (7, ""),
    ],
)  # fmt: skip
def test_the_name_of_an_exception(text: Any, name: str) -> None:
    assert exception_name(text) == name
