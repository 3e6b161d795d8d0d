"""Taking lineage events: sound or refused, once, from whom they are bound to, the same graph in any order."""

import gzip
import json
from datetime import timedelta
from itertools import islice, permutations
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.lineage import binding, keeping
from metrics.lineage.reading import BadEvent, read
from metrics.models import JobNamespace, LineageEdge, LineageEvent, LineageNode, LineageRun
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.refusals import Refusal
from portal.roles import ActorType
from tests.documents import runtime_tool_document
from tests.metrics.lineage.telling import INPUT, OUTPUT, STORE, bound, edges, event, tell
from tests.people import actor, machine
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
MOVE = "orders-to-warehouse"
METRIC = {"namespace": "metric", "name": "revenue_sar"}
# 500 letters of four bytes each.
WIDE = "".join(chr(0x20000 + at * 7) for at in range(500))
SEEN = [(MOVE, OUTPUT["name"], False, "11-22 10:00 1"), (INPUT["name"], MOVE, False, "11-22 10:00 1")]


def post(api: Any, body: Any, path: str = "/api/v1/lineage", **headers: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.post(path, raw, content_type="application/json", **headers)


def test_a_completed_run_shows_what_it_read_and_wrote(api_of: Any) -> None:
    bound()
    api = api_of("loader")
    assert edges() == []
    assert post(api, event("START", at="2026-11-22T09:00:00+00:00")).status_code == 201
    assert edges() == [], "what only began has shown nothing"
    answer = post(api, event(outputs=[], inputs=[]), "/api/v1/lineage/")
    assert (answer.status_code, answer.content) == (201, b"")
    assert edges() == SEEN
    run = LineageRun.objects.get()
    assert (run.job, f"{run.started_at:%H}", f"{run.completed_at:%H}", run.failed_at) == (
        "load_orders",
        "09",
        "10",
        None,
    )


@pytest.mark.parametrize("kind", ["START", "RUNNING", "FAIL", "ABORT", "OTHER"])
def test_only_completion_proves(kind: str) -> None:
    bound()
    tell(event(kind))
    assert edges() == []
    assert (LineageRun.objects.get().failed_at is not None) == (kind in ("FAIL", "ABORT"))


def test_sent_again_is_kept_once(api_of: Any) -> None:
    bound()
    api = api_of("loader")
    for _ in range(3):
        assert post(api, event()).status_code == 201
    batch = post(api, [event(), event(), event(run=2)], "/api/v1/lineage/batch").json()
    assert batch["summary"]["successful"] == 3
    assert (LineageEvent.objects.count(), LineageRun.objects.count()) == (2, 2)


def test_gzip_is_taken_and_a_bomb_is_not(api_of: Any) -> None:
    bound()
    api = api_of("loader")
    packed = gzip.compress(json.dumps(event()).encode())
    assert post(api, packed, headers={"Content-Encoding": "gzip"}).status_code == 201
    assert post(api, packed[:-9], headers={"Content-Encoding": "gzip"}).status_code == 400
    assert post(api, packed + b"more", headers={"Content-Encoding": "gzip"}).status_code == 400
    assert post(api, b"plain", headers={"Content-Encoding": "gzip"}).status_code == 400
    assert post(api, packed, headers={"Content-Encoding": "br"}).status_code == 400
    bomb = gzip.compress(b"[" + b"0," * 30_000_000 + b"0]")
    assert post(api, bomb, headers={"Content-Encoding": "gzip"}).status_code == 413
    assert LineageEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"eventTime": "2026-11-22T10:00:00"}, "/eventTime"), ({"eventTime": "yesterday"}, "/eventTime"),
        ({"eventTime": "2026-02-30T10:00:00Z"}, "/eventTime"),
        ({"eventTime": "0001-01-01T00:00:00+14:00"}, "/eventTime"), ({"eventTime": "2999-01-01T00:00:00Z"}, "/eventTime"),
        ({"producer": "me"}, "/producer"),
        ({"schemaURL": 7}, "/schemaURL"), ({"run": {"runId": "7"}}, "/run/runId"), ({"run": {}}, "/run"),
        ({"job": {"namespace": "nightly"}}, "/job"), ({"job": {"namespace": "nightly", "name": "a\u0000b"}}, "/job/name"),
        ({"job": {"namespace": "nightly", "name": "x" * 501}}, "/job/name"), ({"eventType": "DONE"}, "/eventType"),
        ({"inputs": [INPUT | {"name": "a\nb"}]}, "/inputs/0/name"), ({"inputs": [INPUT] * 501}, "/inputs"),
        ({"outputs": [{"name": "x"}]}, "/outputs/0"), ({"more": 2**64}, ""), ({"more": "\u0000"}, ""),
        ({"outputs": [OUTPUT | {"facets": {"schema": {"fields": [{}]}}}]}, "/outputs/0/facets/schema/fields/0"),
        ({"outputs": [OUTPUT, {"namespace": WIDE, "name": WIDE}]}, "/outputs/1"),
        ({"inputs": [INPUT | {"name": f"i{n}"} for n in range(50)], "outputs": [METRIC | {"name": f"m{n}"} for n in range(41)]},
         "/run"),
    ],
)  # fmt: skip
def test_an_unsound_event_is_refused_with_its_place(api_of: Any, more: dict[str, Any], pointer: str) -> None:
    bound()
    answer = post(api_of("loader"), event() | more)
    assert answer.status_code == 400, answer.content
    assert [one["path"] for one in answer.json()["errors"]] == [pointer]
    assert not LineageEvent.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"null", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_event_is_refused(api_of: Any, body: bytes) -> None:
    bound()
    assert post(api_of("loader"), body).status_code == 400
    assert post(api_of("loader"), body, "/api/v1/lineage/batch").status_code in (200, 400)


def test_only_the_account_that_is_bound_reports(api_of: Any, client: Any) -> None:
    bound()
    machine("other", actor_type=ActorType.AUTOMATED_WORKFLOW)
    assert post(client, event()).status_code in (401, 403)
    for name in ("other", "amal", "adam"):
        answer = post(api_of(name), event())
        assert answer.status_code == 403, name
    assert "nightly" in post(api_of("other"), event()).json()["detail"]
    assert post(api_of("loader"), event(job={"namespace": "daily", "name": "x"})).status_code == 403
    assert post(api_of("vera"), event()).status_code == 403
    assert not LineageEvent.objects.exists()


def test_a_batch_keeps_what_is_sound_and_bound_and_names_the_rest(api_of: Any) -> None:
    bound()
    events = [event(), event(eventTime="never"), event(run=2), event(run=3, job={"namespace": "daily", "name": "x"}), 7]
    answer = post(api_of("loader"), events, "/api/v1/lineage/batch")
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "partial_success"
    assert told["summary"] == {"received": 5, "successful": 2, "failed": 3, "retriable": 0, "non_retriable": 3}
    assert [(one["index"], one["retriable"]) for one in told["failed_events"]] == [(1, False), (3, False), (4, False)]
    assert LineageRun.objects.count() == 2
    assert post(api_of("loader"), [7], "/api/v1/lineage/batch").json()["status"] == "failure"
    assert post(api_of("loader"), [event()] * 1001, "/api/v1/lineage/batch").status_code == 400
    assert post(api_of("loader"), [], "/api/v1/lineage/batch").json()["status"] == "success"


STORY = [
    event("START", at="2026-11-22T09:00:00Z", outputs=[]),
    event("RUNNING", at="2026-11-22T09:30:00Z", inputs=[{"namespace": STORE, "name": "rates"}], outputs=[]),
    event("COMPLETE", at="2026-11-22T10:00:00Z", inputs=[]),
    event("COMPLETE", run=2, at="2026-11-22T10:00:00Z"),
    event("FAIL", run=3, at="2026-11-22T11:00:00Z", outputs=[{"namespace": STORE, "name": "never"}]),
    # Its inputs may be known before or after what is made of them.
    event("START", run=4, at="2026-11-22T11:00:00Z", outputs=[]),
    event("COMPLETE", run=4, at="2026-11-22T12:00:00Z", inputs=[], outputs=[METRIC]),
]


def _state() -> tuple[Any, ...]:
    runs = LineageRun.objects.order_by("run_id")
    return edges(), list(
        runs.values_list("run_id", "started_at", "completed_at", "failed_at", "inputs", "outputs", "job")
    )


@pytest.mark.parametrize(("story", "step"), [(STORY[:5], 3), (STORY[5:], 1)])
def test_any_order_gives_the_same_graph(story: list[dict[str, Any]], step: int) -> None:
    bound()
    found = set()
    # Every third of 120: each event stands in each place.
    for order in islice(permutations(story), 0, None, step):
        with transaction.atomic():
            for one in order:
                tell(one)
            found.add(repr(_state()))
            transaction.set_rollback(True)
    assert len(found) == 1
    assert "never" not in next(iter(found)).split("UUID")[0], "a failed run shows nothing"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(STORY), min_size=1, max_size=6), min_size=1, max_size=6))
def test_any_repetition_and_any_batches_give_the_same_graph(batches: list[list[Any]]) -> None:
    with transaction.atomic():
        if not JobNamespace.objects.exists():
            bound()
        for batch in batches:
            tell(*batch)
        together = _state()
        LineageEdge.objects.all().delete()
        LineageRun.objects.all().delete()
        for one in {json.dumps(one): one for batch in batches for one in batch}.values():
            tell(one)
        assert _state() == together
        transaction.set_rollback(True)


def test_the_widest_name_that_is_taken_fits() -> None:
    bound()
    tell(event(outputs=[{"namespace": WIDE[:250], "name": WIDE[250:]}, {"namespace": "metric", "name": WIDE[:498]}]))
    assert LineageNode.objects.filter(name__in=[WIDE[250:], WIDE[:498]]).count() == 2


def test_a_run_is_bounded_however_many_events_tell_it(api_of: Any) -> None:
    bound()
    api = api_of("loader")
    many = [METRIC | {"name": f"m{n}"} for n in range(100)]
    wide = event("START", inputs=[INPUT | {"name": f"i{n}"} for n in range(100)], outputs=[])
    assert post(api, wide).status_code == 201
    answer = post(api, event(inputs=[], outputs=many))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "/run")
    assert (LineageEvent.objects.count(), edges()) == (1, [])
    batch = [event(run=2), event(inputs=[], outputs=many), event(run=3), event("FAIL", inputs=[], outputs=[]), 7]
    told = post(api, batch, "/api/v1/lineage/batch").json()
    assert [(one["index"], one["retriable"]) for one in told["failed_events"]] == [(1, False), (3, False), (4, False)]
    assert (told["summary"]["successful"], LineageEvent.objects.count()) == (2, 3)
    inputs = [[INPUT | {"name": f"j{part}-{n}"} for n in range(500)] for part in range(11)]
    statuses = [post(api, event("RUNNING", run=4, inputs=one, outputs=[])).status_code for one in inputs]
    assert statuses == [201] * 10 + [400]


def test_what_a_run_makes_of_its_inputs_is_linked_to_them() -> None:
    bound()
    tell(event(inputs=[OUTPUT], outputs=[{"namespace": "metric", "name": "revenue_sar"}]))
    assert [(one[0], one[1]) for one in edges()] == [(OUTPUT["name"], MOVE), (OUTPUT["name"], "revenue_sar")]
    assert LineageNode.objects.get(name="revenue_sar").kind == "metric"
    tell(event(run=2, inputs=[], outputs=[METRIC | {"name": "of_nothing"}]))
    assert len(edges()) == 2, "without inputs it shows nothing"


def test_the_newest_columns_count() -> None:
    bound()
    for at, names in (("10", ["a", "b"]), ("12", ["c"]), ("11", ["d"])):
        fields = [{"name": name, "type": "text"} for name in names]
        tell(
            event(
                "RUNNING", at=f"2026-11-22T{at}:00:00Z", outputs=[OUTPUT | {"facets": {"schema": {"fields": fields}}}]
            )
        )
    assert LineageNode.objects.get(name=OUTPUT["name"]).columns == ["c"]


def test_jobs_and_datasets_alone_are_kept_and_prove_nothing() -> None:
    bound()
    job = event()
    del job["run"], job["eventType"]
    lone = {name: job[name] for name in ("eventTime", "producer", "schemaURL")} | {
        "dataset": {"namespace": "nightly", "name": "x", "facets": {"schema": {"fields": [{"name": "a"}]}}}
    }
    tell(job, lone)
    assert (LineageEvent.objects.count(), LineageRun.objects.count(), edges()) == (2, 0, [])
    with pytest.raises(BadEvent):
        read(lone | {"job": job["job"]}, database_now())


def test_old_events_go_and_the_graph_stays() -> None:
    bound()
    tell(event(), event(run=2, at="2020-01-01T00:00:00Z"))
    LineageEvent.objects.update(received_at=database_now() - timedelta(days=400))
    tell(event(run=3, at=database_now().isoformat()))
    before = edges()
    LineageRun.objects.exclude(run_id__endswith="3").update(last_at=database_now() - timedelta(days=400))
    assert keeping.tick() == 4
    assert (LineageEvent.objects.count(), LineageRun.objects.count(), edges()) == (1, 1, before)


def test_a_namespace_is_bound_once_by_an_administrator(api_of: Any) -> None:
    one = bound()
    machine("other", actor_type=ActorType.AUTOMATED_WORKFLOW)
    apply_connector(runtime_tool_document())
    api = api_of("adam")
    body = {"namespace": "daily", "connector": MOVE, "account": "other"}
    for name in ("amal", "omar", "loader"):
        assert api_of(name).post("/api/v1/lineage/namespaces/", body, format="json").status_code == 403
        assert api_of(name).get("/api/v1/lineage/namespaces/").status_code == 403
    for more, status in (
        ({"connector": "nothing"}, 422), ({"connector": runtime_tool_document()["key"]}, 422), ({"account": "nobody"}, 422),
        ({"namespace": "a\nb"}, 422), ({"namespace": "nightly"}, 409), ({"namespace": ""}, 422), ({}, 201), ({}, 409),
    ):  # fmt: skip
        assert api.post("/api/v1/lineage/namespaces/", body | more, format="json").status_code == status, more
    moved = {"namespace": "nightly", "connector": MOVE, "account": "other"}
    assert api.put("/api/v1/lineage/namespaces/", moved, format="json").json()["account"] == "other"
    with pytest.raises(Refusal):
        binding.move(actor=actor("adam"), namespace="nothing", account="other", now=database_now())
    assert post(api_of("loader"), event()).status_code == 403
    assert post(api_of("other"), event()).status_code == 201
    assert AuditLine.objects.filter(object_kind="job_namespace").count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        JobNamespace.objects.create(
            namespace="nightly", connector=one.connector, account=one.account, created_at=one.created_at
        )
