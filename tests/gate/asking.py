"""The script of the gate as pipelines run it: a process of its own, with an exit status and two streams."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.servers.scripted import Behaviour, Exchange, answer

SCRIPT = Path(__file__).parents[2] / "integrations" / "gate_check.py"
TOKEN = "f00dfacef00dfacef00dface-the-token-of-ci"
YES, NO, UNKNOWN = 0, 1, 2
REASON = {
    "rule": "v3_open",
    "what": "V3 is not resolved: Statements are wrong",
    "object": "INC-7",
    "address": "/incidents/INC-7/",
    "since": "2026-11-25T10:00:00Z",
    "who": "A person of CRM, by resolving it. No exception lifts a V3.",
}


@dataclass(frozen=True)
class Ended:
    """How it ended and what it said."""

    code: int
    out: str
    err: str


def run(*arguments: str, env: dict[str, str] | None = None, **how: Any) -> Ended:
    """Run the script with these arguments and nothing in the environment but the token and `env`."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={"PORTAL_TOKEN": TOKEN} | (env or {}),
        timeout=30,
        check=False,
        encoding="utf-8",
        **streams,
    )
    return Ended(done.returncode, done.stdout or "", done.stderr or "")


def ask(url: str, *more: str, env: dict[str, str] | None = None, **how: Any) -> Ended:
    """Ask about R-2026.12 to prod."""
    return run("--url", url, "--release", "R-2026.12", "--to", "prod", *more, env=env, **how)


def told(**more: Any) -> dict[str, Any]:
    """A clear yes of the gate, of this moment, with some fields changed; `...` leaves a field out."""
    fields = {
        "release": "R-2026.12",
        "stage": "canary",
        "to": "prod",
        "launch_allowed": True,
        "blocked_reasons": [],
        "blocked_unlisted": 0,
        "warnings": [],
        "evaluated_at": moment(),
        "severity_note": "No incident is open.",
        "digest": "ab" * 32,
    } | more
    return {name: value for name, value in fields.items() if value is not ...}


def moment(ago: float = 0.0) -> str:
    """A moment as the portal writes it."""
    return (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()


def says(status: int = 200, content_type: str = "application/json", **more: Any) -> Behaviour:
    """The answer of `told`, of the moment in which it is asked for; `ago` is how old it is, in seconds."""

    def behave(exchange: Exchange) -> None:
        ago = more.get("ago", 0.0)
        fields = told(**{"evaluated_at": moment(ago)} | {name: one for name, one in more.items() if name != "ago"})
        answer(json.dumps(fields), status, content_type)(exchange)

    return behave
