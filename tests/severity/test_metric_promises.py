"""Metrics whose newest value leaves the stated range, and certifications that are over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from events.models import end_of
from metrics.models import Metric
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.registry import kinds
from severity import reconcile, sweep
from severity.models import Incident, TimelineEvent
from tests.events.registering import signed
from tests.metrics.measuring import point, send
from tests.metrics.registering import changed, metric, metric_document

pytestmark = pytest.mark.django_db
RANGE = {"range_low": "10", "range_high": "20.5"}
Clients = Callable[..., APIClient]


def incidents() -> list[tuple[str, int, str, int]]:
    return list(Incident.objects.order_by("id").values_list("rule", "severity", "state", "repeats"))


def judged() -> list[tuple[str, int, str, int]]:
    """What stands after the sweep and the slower look went over it, twice."""
    for _again in range(2):
        sweep.tick()
        reconcile.tick()
    return incidents()


def ranged(low: str, high: str, words: str = "Revenue.", **more: Any) -> None:
    """Another version of the metric with this range."""
    signed(changed(metric_document(range_low=low, range_high=high, description=words), **more))


def test_a_value_outside_is_one_v1_until_the_newest_is_inside_again(api_of: Clients, client_of: Any) -> None:
    one = metric(**RANGE)
    meter = api_of("yusuf")
    send(meter, point(15, 9), point("20.5", 8), point(10, 7))
    assert judged() == []
    assert send(meter, point("20.500000000001", 6)).json()["outside"] == 1
    assert judged() == [("out_of_range", 1, "open", 0)]
    incident = Incident.objects.get()
    assert (incident.source, incident.owner.key, incident.subject_kind, incident.subject_key, incident.subject_id) == (
        "metric", "crm-team", "metric", "revenue_sar", one.pk,
    )  # fmt: skip
    page = client_of("vera").get(incident.get_absolute_url()).content.decode()
    assert f'href="{one.get_absolute_url()}"' in page
    assert "20.500000000001 SAR of" in TimelineEvent.objects.get().text
    assert "expected 10 to 20.5." in TimelineEvent.objects.get().text
    send(meter, point(9, 5))
    assert judged() == [("out_of_range", 1, "open", 1)]
    send(meter, point(15, 6.5))
    assert judged() == [("out_of_range", 1, "open", 1)], "an older one that comes late changes nothing"
    send(meter, point(15, 4))
    assert judged() == [("out_of_range", 1, "resolved", 1)]
    assert list(OutboxEvent.objects.filter(by_route=True).order_by("id").values_list("topic", flat=True)) == [
        "incident.opened", "incident.resolved",
    ]  # fmt: skip
    send(meter, point(99, 3))
    assert judged() == [("out_of_range", 1, "resolved", 1), ("out_of_range", 1, "open", 0)]


def test_a_correction_ends_it_and_another_begins_it_anew(api_of: Clients) -> None:
    metric(**RANGE)
    meter, wrong = api_of("yusuf"), point(1000, 1)
    for value, expected in ((1000, ["open"]), (15, ["resolved"]), (1000, ["resolved", "open"])):
        send(meter, wrong | {"value": value})
        assert [one[2] for one in judged()] == expected


def test_another_range_judges_what_stands(api_of: Clients) -> None:
    metric()
    send(api_of("yusuf"), point(15, 1))
    assert judged() == []
    ranged("16", "")
    assert judged() == [("out_of_range", 1, "open", 0)]
    ranged("16", "", "Revenue in other words.")
    assert judged() == [("out_of_range", 1, "open", 0)], "nothing new was measured"
    ranged("", "15")
    assert judged() == [("out_of_range", 1, "resolved", 0)]
    ranged("16", "")
    assert [one[2] for one in judged()] == ["resolved", "open"]
    ranged("16", "", to_state="deprecated")
    ranged("16", "", to_state="retired")
    assert [one[2] for one in judged()] == ["resolved", "resolved"]
    assert TimelineEvent.objects.latest("id").text == "The metric is retired."


def test_values_that_are_split_are_no_drift(api_of: Clients) -> None:
    metric(**RANGE)
    assert send(api_of("yusuf"), point(1000, 1, region="Riyadh")).json()["outside"] == 0
    assert judged() == []


@pytest.mark.parametrize(
    ("low", "high", "path"),
    [("20", "10", "range_high"), ("x", "", "range_low"), ("1e5", "", "range_low"), ("", "NaN", "range_high")],
)
def test_a_range_that_is_none_is_refused(low: str, high: str, path: str) -> None:
    _clean, problems = kinds.get("metric").check(metric_document(range_low=low, range_high=high))
    assert [one.path for one in problems] == [path]


def test_documents_of_earlier_times_have_no_range() -> None:
    one = metric()
    del one.document["range_low"], one.document["range_high"]
    one.take_document(one.document, one.owner)
    assert (one.range_low, one.range_high) == (None, None)


def passed() -> None:
    """The certification ran out a minute ago."""
    rows = Metric.objects.filter(certification_clock__isnull=False)
    assert rows.update(certification_clock=database_now() - timedelta(minutes=1)) == 1


def test_a_certification_that_is_over_is_a_v0_until_it_is_certified_anew() -> None:
    one = metric(certified_until="2027-01-31")
    assert one.certification_clock == end_of("2027-01-31")
    assert judged() == []
    passed()
    assert judged() == [("certification_over", 0, "open", 0)]
    assert Incident.objects.get().owner.key == "crm-team"
    signed(changed(metric_document(certified_until="2020-01-31")))
    assert [one[2] for one in judged()] == ["open"], "that is over, too"
    signed(changed(metric_document(certified_until="2099-01-31")))
    assert [one[2] for one in judged()] == ["resolved"]
    assert AuditLine.objects.filter(action="incident.resolved", detail="certification_over").count() == 1
    passed()
    assert [one[2] for one in judged()] == ["resolved", "open"]
    for state in ("deprecated", "retired"):
        signed(changed(metric_document(certified_until="2099-01-31"), to_state=state))
    assert [one[2] for one in judged()] == ["resolved", "resolved"]


def test_a_metric_that_says_it_is_not_certified_needs_nobody() -> None:
    metric(certified_until="2020-01-31")
    assert [one[2] for one in judged()] == ["open"]
    signed(changed(metric_document()))
    assert [one[2] for one in judged()] == ["resolved"]


def test_the_list_finds_certifications_that_are_over(api_of: Clients) -> None:
    metric(certified_until="2020-01-31")
    metric("leads", name="Leads", certified_until="2099-01-31")
    metric("deals", name="Deals")
    for asked, keys in (("true", {"revenue_sar"}), ("false", {"leads", "deals"})):
        rows = api_of("vera").get(f"/api/v1/metrics/?certification_over={asked}").json()["results"]
        assert {one["key"] for one in rows} == keys
