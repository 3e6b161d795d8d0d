"""Real checkpoints before the gate: what a failed run does to a release, and what people can do about it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from portal.operations.services import database_now
from severity import sweep
from severity.gate.services import evaluate
from severity.models import Incident
from severity.rules import Level
from tests.metrics.quality import checking
from tests.releases import world

pytestmark = pytest.mark.django_db

REPORT = [{"kind": "customer_report", "name": "Monthly statement", "address": ""}]


def failed(**of_dataset: Any) -> Incident:
    """The incident of a checkpoint whose newest run failed on an internal column."""
    world.well()
    checking.stored(columns=checking.PLAIN_COLUMNS, **of_dataset)
    checking.checkpoint()
    checking.report(checking.result("run-1", checking.check("fail", "total")))
    sweep.tick()
    world.watched(ago=-30)
    return Incident.objects.get(source="checkpoint")


def rules(to: str = "staging") -> list[str]:
    return [one.rule for one in evaluate("r-2026.12", to).blocked]


def test_a_failure_that_customers_see_blocks_until_it_passes_or_is_excepted() -> None:
    incident = failed(consumers=REPORT)
    assert incident.level == Level.V2
    assert rules() == ["checkpoint_not_passed"]
    exception = world.excepted(incident, database_now() + timedelta(hours=1))
    told = evaluate("r-2026.12", "staging")
    assert told.allowed
    assert {row.dimension: row.status.value for row in told.rows}["data_quality"] == "risk"
    # People read until when, on the clock of the portal.
    said = [one.what for row in told.rows for one in row.reasons if one.rule == "v2_excepted"]
    assert len(said) == 1
    assert re.search(r"let through until \d{4}-\d\d-\d\d \d\d:\d\d \S+ by EXC-", said[0]), said
    world.end_exception(exception)
    assert rules() == ["checkpoint_not_passed"]
    checking.report(checking.result("run-2", ago=0.5))
    sweep.tick()
    assert rules() == []
    incident.refresh_from_db()
    assert incident.state == "mitigated"


def test_a_failure_inside_the_house_blocks_until_it_passes_or_a_measure_is_recorded() -> None:
    incident = failed(consumers=[])
    assert incident.level == Level.V1
    assert rules() == ["checkpoint_not_passed"]
    Incident.objects.filter(pk=incident.pk).update(measure="Totals are compared by hand every morning.")
    assert rules() == []


def test_a_failure_of_a_column_that_may_hold_anything_stops_the_ship() -> None:
    world.well()
    checking.stored(columns=checking.PLAIN_COLUMNS, consumers=REPORT)
    checking.checkpoint()
    checking.report(checking.result("run-1", checking.check("fail", "column_that_nobody_classified")))
    sweep.tick()
    world.watched(ago=-30)
    assert Incident.objects.get(source="checkpoint").level == Level.V3
    for to in ("staging", "canary", "prod"):
        assert {"checkpoint_not_passed", "v3_open"} <= set(rules(to))
