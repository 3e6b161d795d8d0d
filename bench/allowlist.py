"""Deciding calls over HTTP at 1,000 connectors of 20 operations and 200 agents, beside an empty view of the same server.

The server is gunicorn with two workers. One connection asks in turn, call by call: an empty view with the same signing in, the
decision, an unchanged list, a new signed list. The empty view is a view of the API that answers `{}`; a bare one beside it
shows what the frame of the API costs.
"""

import argparse
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from copy import deepcopy
from typing import Any

from bench.lineage import _wait
from bench.scratch import scratch_database

WORKERS = 2
AGENTS_PER_CONNECTOR = 10


def _fill(connectors: int, operations: int, agents: int) -> None:
    from django.db import connection

    from connectors.models import Connector, Verification
    from portal.operations.services import database_now
    from tests.connectors.allowlist.world import line, pin
    from tests.documents import runtime_tool_document
    from tests.people import team

    now, owner, made = database_now(), team("crm-team"), []
    for number in range(connectors):
        document = runtime_tool_document(f"tool-{number}")
        (one,) = document["facets"]["contract"]["operations"]
        names = [f"operation_{n}" for n in range(operations)]
        document["facets"]["contract"]["operations"] = [deepcopy(one) | {"name": name} for name in names]
        profile = document["runtime_tool"]
        profile["tool_pins"] = [pin(name) for name in names]
        profile["allowlist"] = [
            line(
                *names[::2], agent=f"agent-{(number * AGENTS_PER_CONNECTOR + n) % agents}", environments=("dev", "prod")
            )
            for n in range(AGENTS_PER_CONNECTOR)
        ]
        connector = Connector(
            key=document["key"], kind="runtime_tool", state="active", version=1, document=document, digest="0" * 64,
            created_at=now, updated_at=now,
        )  # fmt: skip
        connector.take_document(document, owner)
        made.append(connector)
    Connector.objects.bulk_create(made, batch_size=200)
    Verification.objects.bulk_create(Verification(connector=one) for one in made)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


class Caller:
    """One kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        # Answered at once: what is measured is the server.
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None, expected: int = 200, **more: str) -> tuple[float, Any]:
        content = json.dumps(body) if body is not None else None
        begun = time.perf_counter()
        self.connection.request(method, path, content, self.headers | {k.replace("_", "-"): v for k, v in more.items()})
        answer = self.connection.getresponse()
        text = answer.read()
        spent = (time.perf_counter() - begun) * 1000
        if answer.status != expected:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return spent, (answer.headers, text)


def _measure(port: int, token: str, options: argparse.Namespace) -> dict[str, list[float]]:
    told, call = random.Random(7), Caller(port, token)
    agents = [f"agent-{n}" for n in range(options.agents)]
    tags = {a: call("GET", f"/api/v1/allowlist/bundle/?agent={a}&environment=prod")[1][0]["ETag"] for a in agents[:50]}
    plain = {a: call("GET", f"/api/v1/allowlist/?agent={a}&environment=prod")[1][0]["ETag"] for a in agents[:50]}
    spent: dict[str, list[float]] = {}
    allowed = 0
    for number in range(options.decisions):
        agent, connector = told.choice(agents), told.randrange(options.tools)
        if told.random() < 0.7:
            agent = (
                f"agent-{(connector * AGENTS_PER_CONNECTOR + told.randrange(AGENTS_PER_CONNECTOR)) % options.agents}"
            )
        body = {"agent": agent, "connector": f"tool-{connector}", "environment": told.choice(("dev", "prod")),
                "operation": f"operation_{told.randrange(options.tool_operations)}"}  # fmt: skip
        known = told.choice(list(tags))
        took: dict[str, float] = {}
        took["empty bare view"] = call("POST", "/bench/bare/", {})[0]
        took["empty view of the API"] = call("POST", "/bench/empty/", {})[0]
        took["decide"], (_headers, text) = call("POST", "/api/v1/allowlist/decide", body)
        allowed += b'"allowed":true' in text
        path = f"/api/v1/allowlist/?agent={known}&environment=prod"
        took["unchanged list (304)"] = call("GET", path, expected=304, If_None_Match=plain[known])[0]
        path = f"/api/v1/allowlist/bundle/?agent={known}&environment=prod"
        try:
            took["unchanged signed list (304)"] = call("GET", path, expected=304, If_None_Match=tags[known])[0]
        except SystemExit:  # the next half of its life began
            call = Caller(port, token)
            tags[known] = call("GET", path)[1][0]["ETag"]
        if number % 20 == 0:
            took["signed list, made anew"] = call("GET", path)[0]
        for name, one in took.items():
            spent.setdefault(name, []).append(one)
    print(f"{allowed} of {options.decisions} calls were allowed")
    return spent


def run(options: argparse.Namespace) -> None:
    """Print p50 and p99 of each, and the ratios to the empty views."""
    with scratch_database():
        from django.db import connections

        from connectors.allowlist.counting import gather
        from connectors.models import CallCount, CallDecision
        from portal.operations.services import database_now
        from portal.people.tokens import create_token
        from tests.people import actor, user

        _fill(options.tools, options.tool_operations, options.agents)
        token = create_token(
            actor=actor("adam"), user=user("vera"), actor_type="executor_system", name="bench", now=database_now()
        )
        connections.close_all()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "bench.allowlist_views:application", "--bind", f"127.0.0.1:{port}",
                   "--workers", str(WORKERS), "--threads", "4", "--worker-class", "gthread", "--keep-alive", "60",
                   "--log-level", "error"]  # fmt: skip
        server = subprocess.Popen(command, env=os.environ)
        try:
            _wait(port)
            spent = _measure(port, token, options)
        finally:
            server.terminate()
            server.wait()
        waiting = CallDecision.objects.count()
        begun = time.perf_counter()
        counted = gather(1_000_000)
        took = time.perf_counter() - begun
        assert waiting == counted == sum(CallCount.objects.values_list("calls", flat=True))
        print(f"{counted:,} answers counted in {took:.2f} s ({counted / took:,.0f}/s)")
        at = {name: _percentiles(values) for name, values in spent.items()}
        for name, (p50, p99) in at.items():
            ratios = [p / q for p, q in zip((p50, p99), at["empty view of the API"], strict=True)]
            bare = p99 / at["empty bare view"][1]
            print(f"{name:28} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   to empty: p50 {ratios[0]:4.2f}, p99 {ratios[1]:4.2f}"
                  f"   to bare: p99 {bare:4.2f}")  # fmt: skip


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--tools", type=int, default=1_000, help="runtime tools (1,000)")
    parser.add_argument("--tool-operations", type=int, default=20, help="operations of each (20)")
    parser.add_argument("--agents", type=int, default=200, help="agents (200)")
    parser.add_argument("--decisions", type=int, default=5_000, help="calls that are decided (5,000)")
