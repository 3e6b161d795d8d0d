"""Real Great Expectations with the real action against the portal; the golden files are what it tells. `make gx` installs it."""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from metrics.models import CheckpointRun
from tests.metrics.quality.checking import checkpoint, state
from tests.people import machine

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "integrations" / "portal_gx"
pytestmark = pytest.mark.gx


@pytest.fixture(scope="module")
def tools() -> Path:
    """The programs of Great Expectations' environment."""
    found = os.environ.get("GX_BIN")
    if not found:
        pytest.fail("Run it by `make gx`, which installs Great Expectations.")
    return Path(found).resolve()


def run(tools: Path, home: Path, *arguments: str, token: str = "") -> str:
    """The last line of what the scenarios print."""
    told = {"PATH": os.environ["PATH"], "HOME": str(home), "GX_ANALYTICS_ENABLED": "false", "PYTHONPATH": str(PACKAGE),
            "PORTAL_TOKEN": token}  # fmt: skip
    done = subprocess.run(
        [tools / "python", *arguments], env=told, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert not token or token not in done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def test_the_golden_files_are_what_great_expectations_tells(tools: Path, tmp_path: Path) -> None:
    run(tools, tmp_path, str(HERE / "scenarios.py"), "golden", str(tmp_path))
    written = {path.name for path in tmp_path.glob("*.json")}
    assert written == {path.name for path in (HERE / "golden").glob("*.json")}
    for name in written:
        again = "write it again: the Python of .venv-gx, tests/gx/scenarios.py golden tests/gx/golden"
        assert (tmp_path / name).read_text(encoding="utf-8") == (HERE / "golden" / name).read_text(encoding="utf-8"), (
            again
        )


@pytest.fixture
def act(
    committed: None, served: LiveServer, token_of: Callable[..., str], tools: Path, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """`act("fail")`: what became of a run of that scenario; `url` is another address of the portal."""
    checkpoint(tool="gx")
    token = token_of(machine("prober"), "executor_system")
    spool = tmp_path / "spool"

    def once(name: str, url: str = served.url) -> dict[str, Any]:
        scenario = (str(HERE / "scenarios.py"), "run", name, "--url", url, "--spool", str(spool))
        found: dict[str, Any] = json.loads(run(tools, tmp_path, *scenario, token=token))
        return found | {"spooled": sorted(spool.glob("*.json"))}

    return once


def test_the_action_reports_to_the_portal(act: Callable[..., dict[str, Any]]) -> None:
    for name, verdict in (
        ("pass", "pass"),
        ("fail", "fail"),
        ("overwritten", "incomplete"),
        ("dropped_table", "error"),
    ):
        done = act(name)
        assert (done["portal"], done["spooled"]) == ("sent", [])
        assert state().verdict == verdict
    assert state().circumstance == "regulated", "the dataset does not know the column “total”"
    assert CheckpointRun.objects.count() == 4


def test_while_the_portal_is_down_it_waits_and_is_then_delivered_once(
    act: Callable[..., dict[str, Any]], served: LiveServer, tools: Path, tmp_path: Path, token_of: Callable[..., str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    down = act("personal", url=nowhere)
    assert (down["success"], down["portal"]) == (False, "waiting"), "the checkpoint itself ran to its end"
    [waiting] = down["spooled"]
    assert waiting.stat().st_mode & 0o777 == 0o600
    assert "planted" not in waiting.read_text(encoding="utf-8")
    assert not CheckpointRun.objects.exists()
    held = waiting.read_text(encoding="utf-8")
    back = act("pass")
    assert (back["portal"], back["spooled"]) == ("sent", [])
    assert list(CheckpointRun.objects.order_by("run_at").values_list("verdict", flat=True)) == ["fail", "pass"]
    # A copy that another process had begun to send is known and kept no second time.
    waiting.write_text(held, encoding="utf-8")
    token = token_of(machine("prober"), "executor_system")
    flushed = run(
        tools, tmp_path, "-m", "portal_gx", "flush", "--url", served.url, "--spool", str(waiting.parent), token=token
    )
    assert flushed == "1 delivered, 0 refused, 0 waiting"
    assert CheckpointRun.objects.count() == 2
    assert state().verdict == "pass"
