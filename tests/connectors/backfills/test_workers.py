"""Real workers at the same time, over HTTP: some die, one is late, and every part is done once in the books."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from connectors.backfills.progress import progress_of
from connectors.models import BackfillJob, BackfillLine, PartitionState
from portal.operations.services import database_now
from tests.at_once import Both
from tests.connectors.backfills.world import backfill, job, submitted
from tests.people import actor, machine
from tests.registering import approved

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(600)]
WORKER = Path(__file__).with_name("worker.py")
LEASE = 5


def worked(url: str, token: str, fates: list[str], seconds: float) -> list[str]:
    """What workers of these fates print, once all have ended."""
    address = f"{url}/api/v1/backfills/crm-november/"
    told = [sys.executable, str(WORKER), address, token]
    running = [
        subprocess.Popen([*told, f"w{number}", str(LEASE), str(seconds), fate], stdout=subprocess.PIPE, text=True)
        for number, fate in enumerate(fates)
    ]
    return [line for one in running for line in one.communicate(timeout=300)[0].splitlines()]


def sound(parts: int, lines: list[str]) -> None:
    """Every part is done once in the books, and the rows add up."""
    found = job()
    progress = progress_of(found, database_now())
    assert (found.state, progress.done, progress.rows) == ("verifying", parts, parts * (parts + 1) // 2)
    assert list(found.partitions.values_list("rows", "number")) == [(number, number) for number in range(1, parts + 1)]
    written = BackfillLine.objects.filter(job=found, text__contains="is done by")
    assert written.count() == parts
    counted = Counter(line.split()[-1] for line in lines if line.startswith("200 200"))
    assert counted == {str(number): 1 for number in range(1, parts + 1)}


@pytest.mark.parametrize(
    ("fates", "parts", "seconds"),
    [
        pytest.param(["steady", "steady", "dies", "sleeps"], 24, 0.05, id="some"),
        pytest.param(["steady"] * 6 + ["dies"] * 4 + ["sleeps"] * 2, 744, 0.02, id="many", marks=pytest.mark.chaos),
    ],
)
def test_workers_that_die_and_one_that_is_late(
    served: LiveServer, token_of: Callable[..., str], fates: list[str], parts: int, seconds: float
) -> None:
    backfill(window_from="2026-10-01T00:00:00Z", window_to=_until(parts), partition_hours=1)
    token = token_of(machine("loader"), "executor_system")
    begun = time.monotonic()
    lines = worked(served.url, token, fates, seconds)
    assert time.monotonic() - begun < 240
    assert sum(line.startswith("died") for line in lines) == fates.count("dies")
    # Who came too late was refused, both times, and another had done it.
    assert sum(line.startswith("409 409") for line in lines) == fates.count("sleeps")
    sound(parts, lines)


def _until(parts: int) -> str:
    days, hours = divmod(parts, 24)
    return f"2026-10-{1 + days:02d}T{hours:02d}:00:00Z" if days < 31 else "2026-11-01T00:00:00Z"


def test_no_part_is_handed_out_twice_at_the_same_moment(served: LiveServer, token_of: Callable[..., str]) -> None:
    backfill(window_to="2026-11-02T06:00:00+03:00", partition_hours=1)
    address = f"{served.url}/api/v1/backfills/crm-november/claim/"
    headers = {"Authorization": f"Bearer {token_of(machine('loader'), 'executor_system')}"}

    def claim(number: int) -> Any:
        answer = httpx.post(address, json={"worker": f"w{number}"}, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["partition"]

    with ThreadPoolExecutor(8) as many:
        found = [one["number"] if one else None for one in many.map(claim, range(36))]
    assert sorted(one for one in found if one) == list(range(1, 31))
    assert found.count(None) == 6
    assert job().partitions.filter(state=PartitionState.RUNNING, attempts=1).count() == 30


def test_of_two_overlapping_plans_approved_at_once_one_wins(both: Both) -> None:
    for number in range(4):
        first, second = 2 * number + 1, 2 * number + 2
        days = {"window_from": f"2026-10-{first:02d}T00:00:00Z", "window_to": f"2026-10-{second:02d}T00:00:00Z"}
        one, two = submitted(key=f"left-{number}", **days), submitted(key=f"right-{number}", **days)
        actor("omar"), actor("lina")
        answers = both(lambda one=one: approved(one, "omar").state, lambda two=two: approved(two, "lina").state)
        assert sorted(answers) in (["applied", "incomplete"], ["applied", "overlaps"]), answers
        assert BackfillJob.objects.filter(backfill__key__endswith=f"-{number}").count() == 1
