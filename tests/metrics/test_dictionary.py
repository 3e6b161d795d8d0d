"""The dictionary through changes: one meaning for ever, and what its author should look at."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metrics.models import Metric
from portal.refusals import Invalid
from portal.registry import kinds
from tests.events.registering import signed
from tests.metrics.registering import changed, metric, metric_document

pytestmark = pytest.mark.django_db


def refused(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        changed(document)
    return {problem.path: problem.code for problem in caught.value.problems}


def test_a_metric_is_registered_by_a_signed_change() -> None:
    one = metric(certified_until="2027-01-31")
    assert (one.human_id, one.version, one.unit, str(one.certified_until)) == (
        f"ME-{one.pk:03d}",
        1,
        "SAR",
        "2027-01-31",
    )


@pytest.mark.parametrize(("name", "value"), [("unit", "USD"), ("type", "count")])
def test_a_key_has_one_meaning_for_ever(name: str, value: str) -> None:
    metric()
    assert refused(metric_document(**{name: value})) == {name: "fixed"}
    signed(changed(metric_document(description="Revenue recognized in the period, tax left out.")))
    assert Metric.objects.get().version == 2


def test_a_retired_key_is_never_another_metric() -> None:
    metric()
    signed(changed(metric_document(), to_state="deprecated"))
    signed(changed(metric_document(), to_state="retired"))
    assert refused(metric_document(unit="AED", name="Another")) == {"unit": "fixed"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Metric.objects.get().delete()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"key": "Revenue"}, "key"), ({"key": "revenue-sar"}, "key"), ({"owner": ""}, "owner"), ({"unit": ""}, "unit"),
        ({"type": "money"}, "type"), ({"since": "2026-02-30"}, "since"), ({"since": ""}, "since"),
        ({"certified_until": "soon"}, "certified_until"), ({"replaced_by": "revenue_sar"}, "replaced_by"),
        ({"related": ["revenue_sar"]}, "related"), ({"related": ["A"]}, "related"), ({"more": 1}, "more"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where(more: dict[str, Any], path: str) -> None:
    _clean, problems = kinds.get("metric").check(metric_document(**more))
    assert any(problem.path.startswith(path) for problem in problems), problems


def test_keys_that_it_names_are_there_and_a_successor_is_in_use() -> None:
    assert refused(metric_document(related=["nothing"], replaced_by="nobody")) == {
        "related": "unknown_metric", "replaced_by": "unknown_metric",
    }  # fmt: skip
    metric("old_sar", name="Old", description="What was counted before.", label_ar="", definition_ar="")
    old = metric_document("old_sar", name="Old", description="What was counted before.", label_ar="", definition_ar="")
    signed(changed(old, to_state="deprecated"))
    assert metric(related=["old_sar"])
    signed(changed(old, to_state="retired"))
    assert refused(metric_document("new_sar", replaced_by="old_sar")) == {"replaced_by": "retired_metric"}


def test_pages_and_api_show_the_dictionary(client_of: Any, api_of: Any) -> None:
    metric()
    metric("leads", name="Leads", unit="leads", type="count", related=["revenue_sar"], certified_until="2020-01-31")
    page = client_of("vera").get("/metrics/").content.decode()
    assert "Billing system of record" in page
    assert "over since" in page
    assert 'href="/metrics/revenue_sar/"' in client_of("vera").get("/metrics/leads/").content.decode()
    found = api_of("vera").get("/api/v1/metrics/revenue_sar/").json()
    assert (found["document"]["unit"], found["document"]["label_ar"]) == ("SAR", "الإيرادات المعترف بها")
    assert {one["key"] for one in api_of("vera").get("/api/v1/metrics/?type=count").json()["results"]} == {"leads"}


def test_while_it_is_typed_near_duplicates_are_named_in_both_languages_and_stop_nobody(client_of: Any) -> None:
    metric()
    fields = {"key": "income", "name": "Revenue, recognized", "description": "Something else entirely.", "unit": "SAR"}
    for told in (fields, fields | {"name": "Income", "label_ar": "ايرادات معترف بها"}):
        side = client_of("amal").post("/metrics/check/", told).content.decode()
        assert re.search(r"Nearly the same label as “revenue_sar”", side), side
    assert "Nearly" not in client_of("amal").post("/metrics/check/", fields | {"name": "Staff"}).content.decode()
    assert metric("income", name="Revenue, recognized")
