"""The plot of measured values: its scale and marks, and what the page of a metric shows."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as st

from metrics.models import MeasuredValue, Metric
from metrics.values.plot import MOST_DOTS, Mark, plot, short, ticks_of
from portal.operations.services import database_now
from severity.models import Incident
from tests.events.registering import signed
from tests.metrics.registering import changed, metric, metric_document
from tests.people import user

NOW = datetime(2026, 11, 1, tzinfo=UTC)
Clients = Callable[[str], Client]


def days(*values: float) -> list[tuple[datetime, Decimal]]:
    """One value a day, the last one today."""
    last = len(values) - 1
    return [(NOW - timedelta(days=last - at), Decimal(str(value))) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]), (1_200_000, 1_900_000, ["1.2M", "1.4M", "1.6M", "1.8M", "2M"]),
        (-5, 5, ["-6", "-4", "-2", "0", "2", "4", "6"]), (0.11, 0.14, ["0.11", "0.12", "0.13", "0.14"]),
        (7, 7, ["2", "4", "6", "8", "10", "12"]), (0, 0, ["-1", "-0.5", "0", "0.5", "1"]),
    ],
)  # fmt: skip
def test_the_scale_is_of_round_numbers(low: float, high: float, labels: list[str]) -> None:
    ticks = ticks_of(low, high)
    assert [short(one, max(abs(ticks[0]), abs(ticks[-1])), ticks[1] - ticks[0]) for one in ticks] == labels


@given(st.floats(-1e20, 1e20), st.floats(-1e20, 1e20))
@example(1e20, 1e20 + 16_384)
@example(1e-12, 2e-12)
def test_every_scale_has_a_few_ticks_around_its_values(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    ticks = ticks_of(low, high)
    assert 2 <= len(ticks) <= 8
    room = (ticks[-1] - ticks[0]) * 1e-6
    assert ticks[0] - room <= low <= high <= ticks[-1] + room


def test_values_range_and_marks_stand_where_they_belong() -> None:
    at = NOW - timedelta(days=2)
    drawn = plot(
        days(0, 50, 100, 20, 140), low=Decimal(10), high=Decimal(120), until=NOW,
        incidents=[Mark(at, "INC-1", "one", "/1", "V1"), Mark(at, "INC-2", "two", "/2", "V2"),
                   Mark(NOW, "INC-3", "three", "/3", "V0"), Mark(NOW - timedelta(days=9), "INC-0", "before", "/0", "V3")],
    )  # fmt: skip
    assert [dot.x for dot in drawn.dots] == ["0.00%", "25.00%", "50.00%", "75.00%", "100.00%"]
    assert [dot.outside for dot in drawn.dots] == [True, False, False, False, True]
    assert [label for _y, label in drawn.ticks] == ["150", "100", "50", "0"]
    assert drawn.dots[2].y == "33.33%"
    assert drawn.band is not None
    assert (drawn.band.y, drawn.band.height, drawn.band.low) == ("20.00%", "73.33%", "93.33%")
    assert [(one.x, len(one.marks), one.tone) for one in drawn.incidents] == [("50.00%", 2, "V2"), ("100.00%", 1, "V0")]


def test_many_values_are_a_line_with_dots_only_where_something_is_wrong() -> None:
    drawn = plot(days(*([5] * 200 + [500])), low=None, high=Decimal(100), until=NOW)
    assert len(drawn.strokes) == 200 > MOST_DOTS
    assert [dot.value for dot in drawn.dots] == ["500"]


def measured(one: Metric, values: list[tuple[float, Any, dict[str, str]]]) -> None:
    """Values of so many days ago."""
    now = database_now()
    MeasuredValue.objects.bulk_create(
        MeasuredValue(
            metric=one,
            at=now - timedelta(days=day),
            value=value,
            dimensions=split,
            received_at=now,
            sent_by=user("yusuf"),
        )
        for day, value, split in values
    )


def incident_of(one: Metric, **more: Any) -> Incident:
    now = database_now()
    told: dict[str, Any] = {"severity": 1, "source": "drift", "rule": "out_of_range", "subject_kind": "metric",
                            "subject_key": one.key, "subject_id": one.pk, "title": "Out of range <b>", "dedup_key": "a",
                            "epoch": now, "owner": one.owner, "opened_at": now, "last_update_at": now}  # fmt: skip
    return Incident.objects.create(**told | more)


@pytest.mark.django_db
def test_the_page_shows_values_marks_and_the_same_as_a_table(client_of: Clients) -> None:
    one = metric(range_low="10", range_high="2000000")
    page = client_of("vera").get(one.get_absolute_url()).content.decode()
    assert "POST /api/v1/metrics/revenue_sar/values/" in page
    measured(one, [(day, Decimal(1_250_000 + day), {}) for day in range(1, 40)] + [(0.5, Decimal("3000000.5"), {})])
    measured(one, [(day, Decimal(5), {"region": "<i>Riyadh"}) for day in range(3)])
    signed(changed(metric_document(range_low="10", range_high="2000000", description="Revenue, told in other words.")))
    incident = incident_of(one)
    client = client_of("vera")
    with CaptureQueriesContext(connection) as caught:
        page = client.get(one.get_absolute_url()).content.decode()
    assert len(caught) <= 25
    assert len(re.findall(r'<circle class="plot-dot"', page)) == 39
    assert "3,000,000.5" in page
    assert "One value outside" in page
    assert f'href="/incidents/{incident.human_id}/"' in page
    assert "?from=1&amp;to=2" in page
    assert "Out of range &lt;b&gt;" in page
    assert "<i>" not in page
    week = client.get(one.get_absolute_url() + "?days=31").content.decode()
    assert len(re.findall(r'<circle class="plot-dot"', week)) == 30
    split = client.get(one.get_absolute_url() + "?split=1").content.decode()
    assert "region: &lt;i&gt;Riyadh" in split
    assert len(re.findall(r'<circle class="plot-dot"', split)) == 3
    assert "plot-band" not in split.split("figcaption")[0], "the range is of the whole"
    for query in ("?split=99", "?split=-1", "?split=١", "?days=x", "?days=31&split=0", "?split=" + "9" * 400):
        assert client.get(one.get_absolute_url() + query).status_code == 200


@pytest.mark.django_db
def test_a_page_of_very_many_values_is_bounded(client_of: Clients) -> None:
    one = metric()
    measured(one, [(at / 100, Decimal(at), {}) for at in range(3_000)])
    client = client_of("vera")
    for query, rows in (("", 120), ("?days=366", 500)):
        page = client.get(one.get_absolute_url() + query).content
        assert page.count(b"Yusuf") == rows
        assert len(page) < 300_000
        assert b"Only the newest are shown." in page


@pytest.mark.django_db
def test_the_list_tells_the_last_value_and_when_it_was_measured(client_of: Clients) -> None:
    one = metric(range_low="10")
    metric("leads", name="Leads")
    measured(one, [(3, Decimal("12345.5"), {}), (2, Decimal(7), {}), (1, Decimal(99), {"region": "Riyadh"})])
    client = client_of("vera")
    with CaptureQueriesContext(connection) as caught:
        page = client.get("/metrics/").content.decode()
    assert len(caught) <= 25
    assert "7 SAR" in page
    assert "outside its range" in page
    assert "12,345.5" not in page
    assert "الإيرادات المعترف بها" in page
    past = client.get("/metrics/", {"as_of": "2999-01-01"})
    assert (past.status_code, b"7 SAR" in past.content) == (200, False)
    over = client.get("/metrics/", {"certification_over": "true"})
    assert b"Leads" not in over.content
