"""Reports that come at once, over real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from metrics.models import CheckpointRun
from portal.operations.services import database_now
from tests.at_once import TIMES
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.metrics.lineage.telling import dataset_document
from tests.metrics.quality.checking import PLAIN_COLUMNS, check, checkpoint, report, result, state, stored
from tests.people import actor, machine

pytestmark = pytest.mark.usefixtures("committed")


def test_what_many_report_at_once_is_kept_once(served: LiveServer, token_of: Callable[..., str]) -> None:
    checkpoint()
    headers = {"Authorization": f"Bearer {token_of(machine('prober'), 'executor_system')}"}
    bodies = [result(f"r{number}", check("fail" if number == 7 else "pass"), ago=10 - number) for number in range(8)]

    def send(turn: int) -> list[str]:
        told = bodies if turn % 2 else bodies[::-1]
        if turn % 3 == 0:
            batch = [one | {"checkpoint": "orders-daily"} for one in told]
            answer = httpx.post(
                f"{served.url}/api/v1/checkpoints/results/", json={"results": batch}, headers=headers, timeout=60
            )
            assert answer.status_code == 200, answer.text
            return [one["outcome"] for one in answer.json()["taken"]]
        found = []
        for one in told:
            address = f"{served.url}/api/v1/checkpoints/orders-daily/results/"
            answer = httpx.post(address, json=one, headers=headers, timeout=60)
            assert answer.status_code in (200, 201), answer.text
            found.append(answer.json()["outcome"])
        return found

    with ThreadPoolExecutor(6) as many:
        outcomes = [one for found in many.map(send, range(12)) for one in found]
    assert len(outcomes) == 96
    assert sum(one != "repeated" for one in outcomes) == 8
    assert CheckpointRun.objects.count() == 8
    assert (state().verdict, state().run.run_key) == ("fail", "r7")


@TIMES
def test_two_that_tell_one_run_otherwise_agree_on_one(both: Callable[..., list[Any]], times: int) -> None:
    checkpoint()
    actor("adam")
    for number in range(times):
        at = database_now()
        body, other = (result(f"r{number}", check(outcome), at=at) for outcome in ("pass", "fail"))
        found = both(lambda body=body: report(body).verdict, lambda other=other: report(other).verdict)
        assert found in (["pass", "told_otherwise"], ["told_otherwise", "fail"])
        [kept] = CheckpointRun.objects.filter(run_key=f"r{number}")
        assert (state().run_id, state().verdict) == (kept.pk, kept.verdict)


def test_a_report_and_a_change_of_the_dataset_at_once_are_both_seen(both: Callable[..., list[Any]]) -> None:
    stored(columns=PLAIN_COLUMNS, consumers=[])
    checkpoint()
    for number in range(8):
        kind = "regulated" if number % 2 == 0 else "internal"
        columns = [one | {"classification": kind} for one in PLAIN_COLUMNS]
        change = submitted("dataset", dataset_document(columns=columns, consumers=[]))
        body = result(f"r{number}", check("fail", "total"), at=database_now())
        both(lambda change=change: signed(change), lambda body=body: report(body))
        assert state().run.run_key == f"r{number}"
        assert state().circumstance == ("regulated" if kind == "regulated" else "plain")
