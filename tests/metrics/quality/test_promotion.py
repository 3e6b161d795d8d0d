"""A workflow is held unless everything that it consumes passes; its pages and those of checkpoints say so."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from metrics.models import CheckpointState
from portal.operations.services import database_now
from portal.refusals import Invalid
from severity import sweep
from severity.models import Incident
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.metrics.lineage.telling import dataset, dataset_document
from tests.metrics.quality.checking import (
    check,
    checkpoint,
    checkpoint_document,
    report,
    result,
    stored,
    workflow,
    workflow_document,
)

pytestmark = pytest.mark.django_db
Clients = Callable[..., APIClient]
Pages = Callable[..., Client]


def told(api_of: Clients, key: str = "monthly-statement") -> tuple[bool, list[tuple[str | None, str | None, str]]]:
    answer = api_of("vera").get(f"/api/v1/workflows/{key}/promotion/")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["evaluated_at"]
    return body["held"], [(one["checkpoint"], one["dataset"], one["verdict"]) for one in body["reasons"]]


def test_it_is_held_until_every_checkpoint_of_everything_it_consumes_is_a_fresh_pass(api_of: Clients) -> None:
    workflow()
    assert told(api_of) == (True, [(None, "sales-orders", "unknown")])
    checkpoint()
    checkpoint(key="orders-weekly")
    assert told(api_of)[1] == [
        ("orders-daily", "sales-orders", "unknown"),
        ("orders-weekly", "sales-orders", "unknown"),
    ]
    report(result("a", ago=9))
    report(result("a", check("skipped")), key="orders-weekly")
    assert told(api_of) == (True, [("orders-weekly", "sales-orders", "incomplete")])
    report(result("b", ago=0.5), key="orders-weekly")
    assert told(api_of) == (False, [])
    assert api_of("vera").get("/api/v1/workflows/monthly-statement/promotion").json()["held"] is False
    report(result("c", check("fail"), ago=0.2))
    assert told(api_of) == (True, [("orders-daily", "sales-orders", "fail")])
    report(result("d", ago=0.1))
    CheckpointState.objects.filter(checkpoint__key="orders-daily").update(
        stale_at=database_now() - timedelta(seconds=1)
    )
    assert told(api_of) == (True, [("orders-daily", "sales-orders", "stale")])


def test_a_retired_checkpoint_is_none_and_a_second_dataset_needs_its_own(api_of: Clients) -> None:
    stored()
    dataset(key="invoices", dataset="warehouse.sales.invoices")
    workflow(consumes=["sales-orders", "invoices", "invoices"])
    checkpoint()
    report(result())
    assert told(api_of) == (True, [(None, "invoices", "unknown")])
    for life in ("deprecated", "retired"):
        signed(submitted("checkpoint", checkpoint_document(), to_state=life))
    assert told(api_of)[1] == [(None, "invoices", "unknown"), (None, "sales-orders", "unknown")]
    with pytest.raises(Invalid, match="put right"):
        submitted("dataset", dataset_document(), to_state="retired")
    signed(submitted("workflow", workflow_document(consumes=["invoices"])))
    assert told(api_of)[1] == [(None, "invoices", "unknown")]


def test_a_workflow_that_is_held_by_less_is_signed_by_a_head() -> None:
    stored()
    dataset(key="invoices", dataset="warehouse.sales.invoices")
    workflow()
    assert submitted("workflow", workflow_document(consumes=["sales-orders", "invoices"])).required_class == "A1"
    assert submitted("workflow", workflow_document(consumes=["invoices"])).required_class == "A2"


def test_a_workflow_of_nothing_or_of_what_is_unknown_is_refused(api_of: Clients) -> None:
    stored()
    for consumes in ([], ["nowhere"], ["Not A Key"]):
        with pytest.raises(Invalid):
            submitted("workflow", workflow_document(consumes=consumes))
    assert api_of("vera").get("/api/v1/workflows/nowhere/promotion/").status_code == 404


def test_pages_say_what_is_known(client_of: Pages) -> None:
    workflow()
    one = checkpoint(definitions=[{"name": name, "suite": "", "asset": ""} for name in ("orders", "totals")])
    page = client_of("vera")

    def text(address: str) -> str:
        answer = page.get(address)
        assert answer.status_code == 200, address
        return " ".join(answer.content.decode().split())

    assert "None yet." in text("/checkpoints/orders-daily/")
    report(
        result(
            "r", check("fail", "email", type="be_unique"), check("error", definition="totals", exception="KeyError: x")
        )
    )
    sweep.tick()
    shown = text("/checkpoints/orders-daily/")
    for words in (
        "be_unique",
        "email",
        "Fail",
        "KeyError",
        "Put the data right",
        "Monthly statement",
        "Held",
        "prober",
    ):
        assert words in shown, words
    incident = Incident.objects.get(source="checkpoint")
    assert one.get_absolute_url() in text(incident.get_absolute_url())
    [found] = re.findall(r'href="(/incidents/[^"]*)"[^>]*>What was opened', shown)
    assert incident.get_absolute_url() in text(html.unescape(found))
    assert "Fail" in text("/checkpoints/")
    shown = text("/workflows/monthly-statement/")
    assert "Held" in shown
    assert 'href="/checkpoints/orders-daily/"' in shown
    assert 'href="/checkpoints/orders-daily/"' in text("/datasets/sales-orders/")
    assert text("/workflows/")
    report(result("s", check(), check(definition="totals"), ago=0.2))
    assert "Free" in text("/workflows/monthly-statement/")
    assert "All 2 checks passed." in text("/datasets/sales-orders/")
    for tab in ("document", "versions", "activity"):
        assert text(f"/checkpoints/orders-daily/?tab={tab}")
    assert text(f"/checkpoints/?at={database_now():%Y-%m-%dT%H:%M}")


def test_names_are_escaped_on_pages(client_of: Pages) -> None:
    checkpoint()
    report(result("r", check("fail", "<script>alert(1)</script>")))
    shown = client_of("vera").get("/checkpoints/orders-daily/").content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_lists_cost_the_same_however_many_there_are(client_of: Pages, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        checkpoint(key=f"orders-{number}")
    page = client_of("vera")
    page.get("/checkpoints/")
    with django_assert_max_num_queries(20):
        assert page.get("/checkpoints/").status_code == 200
