"""Many who tell at once, and documents that declare meanwhile: nobody waits for ever, and the graph is the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from metrics.models import LineageEdge, LineageEvent, LineageRun
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.metrics.lineage.telling import STORE, bound, dataset, dataset_document, edges, event, tell

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(120)]


def _story(number: int) -> dict[str, Any]:
    inputs = [{"namespace": STORE, "name": f"in_{number * step % 7}"} for step in (1, 3, 5)]
    outputs = [{"namespace": STORE, "name": f"out_{number * step % 5}"} for step in (1, 2)]
    return event(run=number % 40, at=f"2026-11-22T10:{number % 60:02d}:00Z", inputs=inputs, outputs=outputs)


def _at_once(calls: list[Callable[[], Any]]) -> None:
    def run(call: Callable[[], Any]) -> None:
        try:
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, calls))


def test_who_tell_at_once_tell_the_same_as_one_after_the_other() -> None:
    bound()
    story = [_story(number) for number in range(120)]
    _at_once([lambda part=story[at : at + 10][:: -1 if at % 20 else 1]: tell(*part) for at in range(0, 120, 5)])
    together = edges(), LineageRun.objects.count(), LineageEvent.objects.count()
    for model in (LineageEdge, LineageRun, LineageEvent):
        model.objects.all().delete()
    for one in story:
        tell(one)
    assert (edges(), LineageRun.objects.count(), LineageEvent.objects.count()) == together


def test_documents_declare_while_runs_are_told() -> None:
    bound()
    dataset(dataset="out_0", columns=[])
    calls: list[Callable[[], Any]] = [lambda number=number: tell(_story(number)) for number in range(60)]

    def declare() -> None:
        for number in range(1, 8):
            _declare(number)

    def _declare(number: int) -> None:
        written_by = ["orders-to-warehouse"] if number % 2 else []
        document = dataset_document(
            dataset="out_0", columns=[], description=f"Version {number}.", written_by=written_by
        )
        signed(submitted("dataset", document))

    calls.insert(20, declare)
    _at_once(calls)
    assert ("orders-to-warehouse", "out_0", True) in {one[:3] for one in edges()}
