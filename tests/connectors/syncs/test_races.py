"""Two at the same moment: a run is kept once and ends once; a pause and a success leave one clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.models import SyncRun
from connectors.syncs.keeping import Report, take
from portal.operations.services import database_now
from tests.at_once import TIMES, Both
from tests.connectors.syncs.world import run, scheduler, sync

pytestmark = pytest.mark.usefixtures("committed")
MINUTE = timedelta(minutes=1)


@TIMES
def test_two_equal_reports_at_the_same_moment_are_one_run(both: Both, times: int) -> None:
    sync()
    who = scheduler()
    for number in range(times):
        body = run(f"r{number}")

        def tell(body: dict[str, Any] = body) -> str:
            return take(actor=who, report=Report("crm-warehouse", body), now=database_now()).outcome

        assert sorted(both(tell, tell)) == ["new", "repeated"]
    assert SyncRun.objects.count() == times


@TIMES
def test_of_two_ends_at_the_same_moment_one_stands(both: Both, times: int) -> None:
    sync()
    who = scheduler()
    for number in range(times):
        begun = database_now() - 10 * MINUTE
        take(
            actor=who,
            report=Report("crm-warehouse", run(f"r{number}", "running", started_at=begun)),
            now=database_now(),
        )

        def end(how: str, number: int = number, begun: Any = begun) -> Callable[[], str]:
            body = run(f"r{number}", how, started_at=begun)
            return lambda: take(actor=who, report=Report("crm-warehouse", body), now=database_now()).outcome

        assert sorted(both(end("succeeded"), end("failed"))) == ["ended_otherwise", "updated"]
