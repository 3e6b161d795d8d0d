"""Keeping what is reported: once, in any order, by the right people, and nothing of a row."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from metrics.models import CheckpointRun
from portal.operations.services import database_now
from portal.refusals import Conflict, Invalid, Missing
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
Clients = Callable[..., APIClient]
RESULTS = "/api/v1/checkpoints/orders-daily/results/"


def test_a_new_checkpoint_is_unknown_until_its_first_result_and_overdue_after_its_age() -> None:
    one = checkpoint()
    known = state()
    assert (known.verdict, known.run, known.consumed) == ("unknown", None, "customer")
    assert known.stale_at == one.created_at + timedelta(minutes=1500)
    assert report(result()).verdict == "pass"
    known = state()
    assert (known.verdict, known.run.run_key) == ("pass", "run-1")
    assert known.stale_at == known.run_at + timedelta(minutes=1500)


def test_the_newest_run_decides_in_whatever_order_they_come() -> None:
    checkpoint()
    assert report(result("b", check("fail", "total"), ago=5)).outcome == "new"
    late = report(result("a", ago=9))
    assert (late.outcome, late.verdict, state().verdict) == ("late", "pass", "fail")
    report(result("c", ago=1))
    assert state().verdict == "pass"
    assert CheckpointRun.objects.count() == 3


def test_of_two_runs_at_one_instant_a_pass_never_takes_the_place_of_a_failure() -> None:
    checkpoint()
    at = database_now() - timedelta(minutes=1)
    for run, outcome, verdict in (("a", "pass", "pass"), ("b", "fail", "fail"), ("c", "pass", "fail")):
        report(result(run, check(outcome), at=at))
        assert state().verdict == verdict


def test_told_again_it_is_kept_once_and_told_otherwise_it_is_refused() -> None:
    checkpoint()
    body = result()
    assert report(body).outcome == "new"
    assert report(body).outcome == "repeated"
    with pytest.raises(Conflict, match="Another result was told"):
        report(body | {"checks": [check("fail")]})
    assert (CheckpointRun.objects.count(), state().verdict) == (1, "pass")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"run_at": "2026-01-31T00:00:00"}, "run_at"),
        ({"run_at": "tomorrow"}, "run_at"),
        ({"run_at": "0001-01-01T00:00:00+14:00"}, "run_at"),
        ({"run_at": "9999-12-31T23:59:59-14:00"}, "run_at"),
        ({"run_id": ""}, "run_id"),
        ({"run_id": "x" * 201}, "run_id"),
        ({"run_id": "a\x00b"}, "run_id"),
        ({"checks": {}}, "checks"),
        ({"checks": [None]}, "checks.0"),
        ({"checks": [{"definition": "orders", "outcome": "fine"}]}, "checks.0.outcome"),
        ({"checks": [{"outcome": "pass"}]}, "checks.0.definition"),
        ({"checks": [{"definition": "orders", "outcome": "pass", "columns": "all"}]}, "checks.0.columns"),
        ({"checks": [check()] * 5_001}, "checks"),
    ],
)
def test_what_is_no_result_is_refused_with_its_place(body: dict[str, Any], path: str) -> None:
    checkpoint()
    with pytest.raises(Invalid) as refused:
        report(result() | body)
    assert [one.path for one in refused.value.problems] == [path]
    assert not CheckpointRun.objects.exists()


def test_a_run_of_the_future_is_refused() -> None:
    checkpoint()
    with pytest.raises(Invalid, match="future"):
        report(result(ago=-10))


def test_results_of_another_tool_of_no_checkpoint_or_of_a_retired_one_are_refused(api_of: Clients) -> None:
    checkpoint()
    assert api_of("yusuf").post(RESULTS, result() | {"tool": "dbt"}, format="json").status_code == 422
    assert api_of("yusuf").post(RESULTS, result() | {"tool": ["dbt"]}, format="json").status_code == 422
    with pytest.raises(Missing):
        report(result(), key="nowhere")
    for life in ("deprecated", "retired"):
        signed(submitted("checkpoint", checkpoint_document(), to_state=life))
    with pytest.raises(Conflict, match="retired"):
        report(result())


def test_who_may_report(api_of: Clients) -> None:
    checkpoint()
    for who, kind, status in (
        ("vera", "human", 403), ("omar", "human", 403), ("yusuf", "observer_agent", 403), ("yusuf", "recommender_agent", 403),
        ("yusuf", "human", 201), ("amal", "executor_system", 200),
    ):  # fmt: skip
        body = result("one", at=database_now().replace(microsecond=0, second=0, minute=0) - timedelta(hours=1))
        assert api_of(who, actor_type=kind).post(RESULTS, body, format="json").status_code == status, (who, kind)


def test_by_api_it_is_reported_listed_and_read(api_of: Clients) -> None:
    checkpoint()
    sent = api_of("yusuf").post(
        RESULTS, result("r", check("fail", "total", counts={"unexpected_count": 3})), format="json"
    )
    assert sent.status_code == 201, sent.content
    assert sent.json()["verdict"] == "fail"
    assert api_of("yusuf").post(RESULTS, [1], format="json").status_code == 400
    listed = api_of("vera").get(RESULTS).json()["results"]
    assert [(one["run_key"], one["verdict"], one["columns"]) for one in listed] == [("r", "fail", ["total"])]
    whole = api_of("vera").get(f"{RESULTS}{listed[0]['id']}/").json()
    assert whole["results"][0]["failing"][0]["counts"] == {"unexpected_count": 3}
    assert api_of("vera").get(f"{RESULTS}{2**70}/").status_code == 404
    assert api_of("vera").get("/api/v1/checkpoints/nowhere/results/").status_code == 404


def test_a_batch_keeps_what_is_sound_and_tells_the_rest(api_of: Clients) -> None:
    checkpoint()
    checkpoint(key="orders-weekly")
    sent = [
        result("a", ago=9) | {"checkpoint": "orders-daily"},
        result("a", ago=9) | {"checkpoint": "nowhere"},
        result("b", check("fail"), ago=5) | {"checkpoint": "orders-daily"},
        result("a") | {"checkpoint": "orders-weekly"},
        "nonsense",
        result("c", ago=-60) | {"checkpoint": "orders-weekly"},
        {"checkpoint": "orders-weekly", "tool": "astrology"},
        result("d", ago=7) | {"checkpoint": "orders-daily"},
    ]
    sent.append(sent[0])
    sent.append(result("a", check("error"), ago=9) | {"checkpoint": "orders-daily"})
    answer = api_of("yusuf").post("/api/v1/checkpoints/results/", {"results": sent}, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert [(one["checkpoint"], one["run_key"], one["outcome"]) for one in told["taken"]] == [
        ("orders-daily", "a", "new"), ("orders-daily", "b", "new"), ("orders-weekly", "a", "new"),
        ("orders-daily", "d", "late"), ("orders-daily", "a", "repeated"),
    ]  # fmt: skip
    assert [(one["index"], one["rule"]) for one in told["refused"]] == [
        (1, "no_such_checkpoint"), (4, "checkpoint"), (5, "result"), (6, "tool"), (9, "told_otherwise"),
    ]  # fmt: skip
    assert (state().verdict, state("orders-weekly").verdict) == ("fail", "pass")
    too_many = api_of("yusuf").post("/api/v1/checkpoints/results/", {"results": [1] * 501}, format="json")
    assert too_many.status_code == 400
    assert api_of("yusuf").post("/api/v1/checkpoints/results/", {}, format="json").status_code == 400
    assert api_of("vera").post("/api/v1/checkpoints/results/", {"results": []}, format="json").status_code == 403


def test_other_definitions_make_an_old_pass_incomplete_until_they_ran_and_taken_back_it_counts_again() -> None:
    checkpoint()
    report(result())
    more = [{"name": name, "suite": "", "asset": ""} for name in ("orders", "totals")]
    signed(submitted("checkpoint", checkpoint_document(definitions=more)))
    assert state().verdict == "incomplete"
    assert "totals" in state().told
    signed(submitted("checkpoint", checkpoint_document()))
    assert state().verdict == "pass"
    signed(submitted("checkpoint", checkpoint_document(definitions=more)))
    report(result("two", check(), check(definition="totals"), ago=0.5))
    assert state().verdict == "pass"


def test_a_loosened_checkpoint_is_signed_by_a_head_and_a_tightened_one_by_a_lead() -> None:
    two = [{"name": name, "suite": "", "asset": ""} for name in ("orders", "totals")]
    checkpoint(definitions=two)
    for more, needed in (
        ({"description": "In other words."}, "A1"),
        ({"max_age_minutes": 1400}, "A1"),
        ({"definitions": [*two, {"name": "third", "suite": "", "asset": ""}]}, "A1"),
        ({"max_age_minutes": 1501}, "A2"),
        ({"definitions": two[:1]}, "A2"),
        ({"dimension": "docs_truth"}, "A2"),
        ({"tool": "gx"}, "A2"),
    ):
        assert submitted("checkpoint", checkpoint_document(definitions=two) | more).required_class == needed, more
    assert submitted("checkpoint", checkpoint_document(definitions=two), to_state="deprecated").required_class == "A1"
    assert submitted("checkpoint", checkpoint_document(definitions=two), to_state="retired").required_class == "A2"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"dataset": "nowhere"}, "dataset"),
        ({"definitions": []}, "definitions"),
        ({"definitions": [{"name": "a"}, {"name": "a"}]}, "definitions"),
        ({"tool": "dbt", "definitions": [{"name": "a", "suite": "s", "asset": ""}]}, "definitions"),
        ({"key": "results"}, "key"),
        ({"max_age_minutes": 0}, "max_age_minutes"),
    ],
)
def test_a_checkpoint_that_is_none_is_refused(more: dict[str, Any], path: str) -> None:
    stored()
    with pytest.raises(Invalid) as refused:
        submitted("checkpoint", checkpoint_document(**more))
    assert {one.path.split(".")[0] for one in refused.value.problems} == {path}


def test_its_dataset_stays() -> None:
    checkpoint()
    with pytest.raises(Invalid, match="put right"):
        submitted("checkpoint", checkpoint_document(dataset="other-orders"))


def test_other_columns_or_consumers_of_the_dataset_are_told_anew() -> None:
    stored(columns=PLAIN_COLUMNS, consumers=[])
    checkpoint()
    report(result("r", check("fail", "total")))
    assert (state().circumstance, state().consumed) == ("plain", "plain")
    signed(submitted("dataset", dataset_document(columns=PLAIN_COLUMNS)))
    assert (state().circumstance, state().consumed) == ("customer", "customer")
    worse = [one | {"classification": "regulated"} for one in PLAIN_COLUMNS]
    signed(submitted("dataset", dataset_document(columns=worse)))
    assert state().circumstance == "regulated"


def test_runs_are_append_only() -> None:
    checkpoint()
    report(result())
    for statement in ("UPDATE metrics_checkpointrun SET verdict = 'pass'", "DELETE FROM metrics_checkpointrun"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
