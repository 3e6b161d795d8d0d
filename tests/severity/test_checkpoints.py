"""Incidents of checkpoints: one at most, as bad as what it touches, raised when it gets worse, ended by a pass."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from metrics.models import CheckpointState
from metrics.quality.rules import DIMENSIONS
from portal.operations.services import database_now
from severity import quality_statements, reconcile, sweep
from severity.models import Incident, RuleLevel, TimelineEvent
from severity.readiness import Dimension
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.metrics.lineage.telling import dataset_document
from tests.metrics.quality.checking import (
    PLAIN_COLUMNS,
    check,
    checkpoint,
    checkpoint_document,
    report,
    result,
    state,
    stored,
)

pytestmark = pytest.mark.django_db
MODEL = [{"kind": "downstream_model", "name": "Forecast", "address": ""}]
DASHBOARD = [{"kind": "dashboard", "name": "Board", "address": ""}]


def judged() -> list[tuple[str, int, str, int]]:
    """What stands after the sweep and the slower look went over it, twice."""
    for _again in range(2):
        sweep.tick()
        reconcile.tick()
    return list(Incident.objects.order_by("id").values_list("rule", "severity", "state", "repeats"))


def plain(consumers: Any = ()) -> None:
    stored(columns=PLAIN_COLUMNS, consumers=list(consumers))
    checkpoint()


def past_its_age() -> None:
    CheckpointState.objects.update(
        stale_at=database_now() - timedelta(minutes=2), judge_at=database_now() - timedelta(minutes=1)
    )


def test_the_rows_are_those_of_readiness() -> None:
    assert [(name, str(label)) for name, label in DIMENSIONS] == [(one.value, str(one.label)) for one in Dimension]


@pytest.mark.parametrize(
    ("consumers", "columns", "outcome", "expected"),
    [
        ([], ["total"], "fail", ("checkpoint_failed", 1)),
        (DASHBOARD, ["total"], "fail", ("checkpoint_failed", 1)),
        (MODEL, ["total"], "fail", ("checkpoint_failed", 2)),
        ([], ["email"], "fail", ("checkpoint_failed", 3)),
        (MODEL, ["total", "email"], "fail", ("checkpoint_failed", 3)),
        ([], None, "fail", ("checkpoint_failed", 3)),
        ([], ["total"], "error", ("checkpoint_error", 1)),
        (MODEL, ["total"], "error", ("checkpoint_error", 2)),
        ([], None, "error", ("checkpoint_error", 3)),
        ([], ["total"], "skipped", ("checkpoint_absent", 1)),
        (MODEL, None, "skipped", ("checkpoint_absent", 2)),
    ],
)
def test_how_bad_it_is(consumers: Any, columns: Any, outcome: str, expected: tuple[str, int]) -> None:
    plain(consumers)
    report(result("r", check(outcome) | {"columns": columns}))
    assert judged() == [(*expected, "open", 0)]
    one = Incident.objects.get()
    assert (one.source, one.subject_kind, one.subject_key, one.owner.key, one.dimension, one.dedup_key) == (
        "checkpoint", "checkpoint", "orders-daily", "crm-team", "data_quality", f"checkpoint:{one.subject_id}",
    )  # fmt: skip
    assert one.evidence == [{"kind": "checkpoint_run", "reference": "orders-daily r", "note": state().told}]
    assert CheckpointState.objects.get().judge_at == state().stale_at


@pytest.mark.parametrize(("consumers", "level"), [([], 1), (MODEL, 2)])
def test_a_first_result_that_does_not_come_and_a_pass_that_grows_old(consumers: Any, level: int) -> None:
    plain(consumers)
    assert judged() == []
    past_its_age()
    assert judged() == [("checkpoint_absent", level, "open", 0)]
    assert TimelineEvent.objects.get().text == "Its first result is overdue."
    report(result())
    ended = "resolved" if level == 1 else "mitigated"
    assert judged() == [("checkpoint_absent", level, ended, 0)]
    past_its_age()
    after = judged()
    if level == 1:
        assert after == [("checkpoint_absent", 1, "resolved", 0), ("checkpoint_absent", 1, "open", 0)]
    else:
        assert after == [("checkpoint_absent", 2, "open", 1)], "it came back before a person resolved it"
    assert "is too old" in TimelineEvent.objects.latest("id").text


def test_it_is_raised_when_it_gets_worse_and_a_v3_stays_with_a_person() -> None:
    plain()
    past_its_age()
    assert judged() == [("checkpoint_absent", 1, "open", 0)]
    report(result("a", check("fail", "total"), ago=5))
    assert judged() == [("checkpoint_absent", 1, "open", 1)]
    report(result("b", check("fail", "email"), ago=4))
    assert judged() == [("checkpoint_absent", 3, "open", 2)]
    assert Incident.objects.get().evidence[0]["reference"] == "orders-daily b"
    report(result("c", ago=3))
    assert judged() == [("checkpoint_absent", 3, "open", 2)]
    assert state().verdict == "pass"


def test_each_failing_run_counts_once_and_a_pass_ends_it() -> None:
    plain()
    for number in range(3):
        report(result(f"r{number}", check("fail", "total"), ago=9 - number))
        assert judged() == [("checkpoint_failed", 1, "open", number)]
    report(result("good", ago=1))
    assert judged() == [("checkpoint_failed", 1, "resolved", 2)]
    assert TimelineEvent.objects.latest("id").text == "The checkpoint passes again."
    report(result("bad", check("fail", "total"), ago=0.5))
    assert [one[2] for one in judged()] == ["resolved", "open"]


def test_a_change_of_the_dataset_raises_what_stands_and_counts_nothing_else() -> None:
    plain()
    report(result("r", check("fail", "total")))
    assert judged() == [("checkpoint_failed", 1, "open", 0)]
    signed(submitted("dataset", dataset_document(columns=PLAIN_COLUMNS, consumers=DASHBOARD)))
    assert judged() == [("checkpoint_failed", 1, "open", 0)]
    signed(submitted("dataset", dataset_document(columns=PLAIN_COLUMNS, consumers=MODEL)))
    assert judged() == [("checkpoint_failed", 2, "open", 1)]
    worse = [one | {"classification": "regulated"} for one in PLAIN_COLUMNS]
    signed(submitted("dataset", dataset_document(columns=worse, consumers=MODEL)))
    assert judged() == [("checkpoint_failed", 3, "open", 2)]
    signed(submitted("dataset", dataset_document(columns=PLAIN_COLUMNS, consumers=[])))
    assert judged() == [("checkpoint_failed", 3, "open", 2)], "nothing is made less bad by itself"


def test_a_definition_that_was_added_blocks_until_it_ran() -> None:
    plain()
    report(result())
    more = [{"name": name, "suite": "", "asset": ""} for name in ("orders", "totals")]
    signed(submitted("checkpoint", checkpoint_document(definitions=more)))
    report(result("again", ago=0.5))
    assert judged() == [("checkpoint_absent", 1, "open", 0)]
    report(result("whole", check(), check(definition="totals"), ago=0.2))
    assert judged() == [("checkpoint_absent", 1, "resolved", 0)]


def test_a_retired_checkpoint_is_over_and_is_judged_no_more() -> None:
    plain()
    report(result("r", check("fail", "total")))
    judged()
    for life in ("deprecated", "retired"):
        signed(submitted("checkpoint", checkpoint_document(), to_state=life))
    assert judged() == [("checkpoint_failed", 1, "resolved", 0)]
    assert TimelineEvent.objects.latest("id").text == "The checkpoint is retired."
    assert CheckpointState.objects.get().judge_at is None


def test_the_slower_look_finds_what_nobody_was_going_to_judge() -> None:
    plain()
    past_its_age()
    CheckpointState.objects.update(judge_at=None)
    sweep.tick()
    assert not Incident.objects.exists()
    assert judged() == [("checkpoint_absent", 1, "open", 0)]
    report(result())
    CheckpointState.objects.update(judge_at=None)
    assert reconcile.tick()["checkpoints"] == 1
    assert judged() == [("checkpoint_absent", 1, "resolved", 0)]
    assert reconcile.tick()["checkpoints"] == 0


def test_the_row_that_it_counts_in_is_its_own() -> None:
    stored(columns=PLAIN_COLUMNS, consumers=[])
    checkpoint(dimension="regulatory_controls")
    report(result("r", check("fail", "total")))
    judged()
    assert Incident.objects.get().dimension == "regulatory_controls"


def test_the_severity_table_raises_and_never_lowers() -> None:
    plain()
    RuleLevel.objects.create(rule="checkpoint_failed", circumstance="plain", level=2)
    report(result("r", check("fail", "total")))
    assert [one[:2] for one in judged()] == [("checkpoint_failed", 2)]


def test_an_idle_look_is_by_the_index_alone() -> None:
    plain()
    CheckpointState.objects.update(judge_at=timezone.now() + timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sweep._ANY_DUE[quality_statements.CHECKPOINTS]}")
        told = "\n".join(line for (line,) in cursor.fetchall())
    assert "checkpoint_judge" in told
