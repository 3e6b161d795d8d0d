"""Measured values by API: taken once, exact, in the metric's unit; corrections are told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from metrics.models import MeasuredValue, Metric
from metrics.values import keeping
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.roles import ActorType, Role
from tests.events.registering import signed
from tests.metrics.measuring import address, ago, point, send
from tests.metrics.registering import changed, metric, metric_document
from tests.people import machine, user

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


@pytest.fixture
def meter(api_of: Api) -> APIClient:
    """A machine that reports what it measures."""
    return api_of(machine("meter"), ActorType.EXECUTOR_SYSTEM.value)


def counts(answer: Any) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return told["new"], told["repeated"], told["corrected"]


def refused(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    return {one["path"]: one["code"] for one in answer.json()["errors"]}


def test_the_same_points_are_kept_once_however_often_they_come(meter: APIClient) -> None:
    metric()
    points = [point("1500000.10", 3), point(12, 2, region="Riyadh"), point(7.5, 2, region="Jeddah"), point(-1, 1)]
    assert counts(send(meter, *points)) == (4, 0, 0)
    assert counts(send(meter, *points, points[0])) == (0, 5, 0)
    same_instant = {"at": points[0]["at"].replace("+00:00", "Z"), "value": "1500000.100", "dimensions": {}}
    assert counts(send(meter, same_instant)) == (0, 1, 0)
    listed = meter.get(address()).json()["results"]
    assert [(one["value"], one["dimensions"]) for one in listed] == [
        ("-1", {}), *((value, {"region": name}) for value, name in (("7.5", "Jeddah"), ("12", "Riyadh"))),
        ("1500000.1", {}),
    ]  # fmt: skip
    assert listed[0]["sent_by"] == "meter"
    assert not AuditLine.objects.filter(action="metric.correct").exists()


def test_a_correction_replaces_what_stood_and_the_audit_log_tells_both(meter: APIClient) -> None:
    one = metric()
    first = point("100.5", 3)
    split = first | {"dimensions": {"region": "Riyadh"}, "value": 5}
    send(meter, first, split)
    assert counts(send(meter, first | {"value": 90}, split)) == (0, 1, 1)
    assert [str(value.value.normalize()) for value in one.values.filter(dimensions={})] == ["9E+1"]
    line = AuditLine.objects.get(action="metric.correct")
    assert (line.object_key, line.actor_name, line.detail.split(": ")[1]) == ("revenue_sar", "meter", "100.5 → 90")


def test_numbers_are_exact(meter: APIClient) -> None:
    metric()
    texts = ["99999999999999999999.999999999999", "-0.000000000001", "0.1", "12345678901234567890.5"]
    send(meter, *(point(text, day + 1) for day, text in enumerate(texts)))
    assert [one["value"] for one in meter.get(address()).json()["results"]] == texts
    send(meter, point(0.1 + 0.2, 30), point(2**63, 31), point("-0", 32))
    assert [one["value"] for one in meter.get(address(), {"to": ago(20)}).json()["results"]] == [
        "0.3", "9223372036854775808", "0",
    ]  # fmt: skip


def test_another_unit_is_refused_and_nothing_is_taken(meter: APIClient) -> None:
    metric()
    answer = send(meter, point(1), unit="USD")
    assert refused(answer) == {"unit": "unit"}
    assert "told in SAR" in answer.json()["detail"]
    assert refused(send(meter, point(1), point("x"))) == {"points.1.value": "number"}
    assert not MeasuredValue.objects.exists()


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"at": "2026-11-01T00:00:00"}, "at", "zone"), ({"at": "yesterday"}, "at", "instant"),
        ({"at": 1_700_000_000}, "at", "instant"), ({"at": None}, "at", "required"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at", "instant"), ({"at": "2999-01-01T00:00:00Z"}, "at", "future"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at", "instant"), ({"at": "2025-12-31T20:59:59Z"}, "at", "too_early"),
        ({"value": None}, "value", "required"), ({"value": True}, "value", "number"), ({"value": "1e3"}, "value", "number"),
        ({"value": "NaN"}, "value", "number"), ({"value": 1e300}, "value", "number"), ({"value": "١٢"}, "value", "number"),
        ({"value": "1" * 21}, "value", "number"), ({"value": [1]}, "value", "number"),
        ({"dimensions": []}, "dimensions", "not_an_object"),
        ({"dimensions": {"city": "x"}}, "dimensions.city", "unknown_dimension"),
        ({"dimensions": {"region": 1}}, "dimensions.region", "dimension"),
        ({"dimensions": {"region": "x" * 201}}, "dimensions.region", "dimension"),
        ({"label": "x"}, "label", "unknown_key"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_point_is_said_where(
    meter: APIClient, given: dict[str, Any], path: str, code: str
) -> None:
    metric(since="2026-01-01")
    assert refused(send(meter, point(1), point(1, 1) | given)) == {f"points.1.{path}": code}


@pytest.mark.parametrize("body", [[], 5, {}, {"unit": "SAR"}, {"unit": "SAR", "points": {}}, {"unit": "SAR", "points": [5]},
                                  {"unit": ["SAR"], "points": []}, {"unit": "SAR", "points": [], "more": 1}])  # fmt: skip
def test_a_bad_body_is_answered(meter: APIClient, body: Any) -> None:
    metric()
    assert meter.post(address(), body, format="json").status_code in (400, 422)


def test_two_values_for_one_place_in_one_request_are_refused(meter: APIClient) -> None:
    metric()
    one = point(1)
    assert refused(send(meter, one, one | {"value": 2})) == {"points.1": "twice"}


def test_a_key_that_is_unknown_or_retired_takes_nothing(meter: APIClient) -> None:
    assert send(meter, point(1), key="nothing").status_code == 404
    assert meter.get(address("nothing")).status_code == 404
    metric()
    signed(changed(metric_document(), to_state="deprecated"))
    assert counts(send(meter, point(1))) == (1, 0, 0)
    signed(changed(metric_document(), to_state="retired"))
    answer = send(meter, point(2))
    assert (answer.status_code, "retired" in answer.json()["detail"]) == (409, True)


def test_who_only_looks_or_recommends_sends_nothing(api_of: Api) -> None:
    metric()
    agent = machine("scout", actor_type=ActorType.RECOMMENDER_AGENT)
    for who in (api_of("vera"), api_of("khalid"), api_of(agent, ActorType.RECOMMENDER_AGENT.value),
                api_of(user("mona", Role.ADMINISTRATOR)), api_of("amal", ActorType.OBSERVER_AGENT.value)):  # fmt: skip
        assert send(who, point(1)).status_code == 403
    assert counts(send(api_of("yusuf"), point(1))) == (1, 0, 0)
    assert api_of("vera").get(address()).status_code == 200


def test_five_thousand_points_take_a_few_statements(meter: APIClient) -> None:
    metric()
    points = [point(number, number / 100, region=f"r{number % 7}") for number in range(5_000)]
    for expected, most in (((5_000, 0, 0), 14), ((0, 5_000, 0), 12)):
        with CaptureQueriesContext(connection) as caught:
            assert counts(send(meter, *points)) == expected
        assert len(caught) <= most, [one["sql"][:80] for one in caught]
    other = [one | {"value": one["value"] + 1} for one in points]
    with CaptureQueriesContext(connection) as caught:
        assert counts(send(meter, *other)) == (0, 0, 5_000)
    assert len(caught) <= 14
    assert refused(send(meter, *points, point(1))) == {"points": "too_many"}
    assert len(send(meter, *([{}] * 5_000)).json()["errors"]) == 20


def test_values_are_read_by_time_and_dimensions(meter: APIClient) -> None:
    metric(dimensions=["region", "line"])
    send(meter, point(1, 5), point(2, 4, region="Riyadh", line="a"), point(3, 3, region="Jeddah"), point(4, 2))

    def read(**asked: str) -> list[str]:
        answer = meter.get(address(), asked)
        assert answer.status_code == 200, answer.content
        return [one["value"] for one in answer.json()["results"]]

    assert read() == ["4", "3", "2", "1"]
    assert read(whole="true") == ["4", "1"]
    assert read(**{"from": ago(4.5), "to": ago(2.5)}) == ["3", "2"]
    assert read(**{"dimensions.region": "Riyadh"}) == ["2"]
    assert read(**{"dimensions.region": "Riyadh", "dimensions.line": "b"}) == []
    first = meter.get(address(), {"limit": "3"}).json()
    assert [one["value"] for one in meter.get(first["next"]).json()["results"]] == ["1"]
    for asked in ({"from": "2026-01-01"}, {"to": "soon"}, {"whole": "yes"}, {"region": "Riyadh"}, {"limit": "1000"},
                  {"from": "2026-13-01T00:00:00Z"}, {"cursor": "x"}):  # fmt: skip
        assert 400 <= meter.get(address(), asked).status_code < 500, asked


def test_old_values_are_forgotten_and_not_taken_again(meter: APIClient, settings: Any) -> None:
    one = metric(since="2020-01-01")
    send(meter, point(1, 100), point(2, 5))
    settings.METRIC_VALUES_DAYS = 30
    assert (keeping.tick(), keeping.tick()) == (1, 0)
    assert [value.value for value in one.values.all()] == [2]
    assert refused(send(meter, point(1, 100))) == {"points.0.at": "too_early"}


def test_only_values_that_are_not_split_are_to_be_judged(meter: APIClient) -> None:
    one = metric()

    def judged() -> bool:
        found = Metric.objects.get(pk=one.pk).judge_at is not None
        Metric.objects.filter(pk=one.pk).update(judge_at=None)
        return found

    judged()
    whole = point(1, 2)
    for points, expected in (([point(1, 1, region="x")], False), ([whole], True), ([whole], False),
                             ([whole | {"value": 2}], True)):  # fmt: skip
        send(meter, *points)
        assert judged() is expected
    assert Metric.history.model.objects.filter(id=one.pk).count() == 1
    assert database_now() - timedelta(seconds=60) < MeasuredValue.objects.earliest("id").received_at
