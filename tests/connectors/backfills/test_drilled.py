"""A runbook counts as tested by a passed drill of today's runbook that is at most 180 days old."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from connectors.backfills import drilling, estimating
from connectors.backfills.drilled import drilled
from connectors.backfills.drilling import Rehearsal, StepDone
from connectors.backfills.runbooks import versions_of
from connectors.models import Connector, Drill
from portal.operations.services import database_now
from tests.connectors.backfills.world import sync
from tests.documents import data_movement_document
from tests.people import actor
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db


def rehearsed(of: Connector, at: datetime, *, passed: bool = True) -> Drill:
    steps = [
        StepDone(number, done=True)
        for number in range(1, len(of.document["data_movement"]["backfill_runbook"]["steps"]) + 1)
    ]
    told = Rehearsal(passed=passed, drilled_at=at, steps=steps)
    return drilling.drill(actor=actor("amal"), sync=of.key, told=told, now=database_now())


def rewritten(steps: list[str], number: str) -> Connector:
    changes = {"data_movement.backfill_runbook.steps": steps, "facets.version.number": number}
    return apply_connector(data_movement_document(changes=changes))


def test_how_well_a_runbook_is_rehearsed() -> None:
    connector, now = sync(), database_now()
    assert drilled(connector, now).state == "never"
    rehearsed(connector, now, passed=False)
    assert drilled(connector, now).state == "never"
    rehearsed(connector, now - timedelta(days=180))
    assert drilled(connector, now).state == "old"
    newest = rehearsed(connector, now - timedelta(days=179))
    assert (drilled(connector, now).state, drilled(connector, now).drill) == ("tested", newest)
    # A later one that failed says nothing of one that passed.
    rehearsed(connector, now, passed=False)
    assert drilled(connector, now).tested
    changed = rewritten(["Otherwise"], "1.0.1")
    assert drilled(changed, now).state == "moved_on"
    assert "changed" in estimating.advice({"sync": connector.key})[0]
    back = rewritten(connector.document["data_movement"]["backfill_runbook"]["steps"], "1.0.2")
    assert drilled(back, now).state == "tested"
    assert estimating.advice({"sync": connector.key}) == []


def test_the_versions_of_a_runbook_are_those_in_which_it_changed() -> None:
    connector = sync()
    apply_connector(data_movement_document(changes={"description": "Said otherwise."}))
    rewritten(["One", "Two"], "1.0.1")
    found = versions_of(connector)
    assert [(one.number, one.connector_version, len(one.steps)) for one in found] == [(2, 3, 2), (1, 1, 4)]
    assert found[0].digest != found[1].digest


def test_a_drill_is_never_changed() -> None:
    made = rehearsed(sync(), database_now())
    with pytest.raises(DatabaseError), transaction.atomic():
        Drill.objects.filter(pk=made.pk).update(passed=False)
