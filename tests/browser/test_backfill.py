"""A backfill in a real browser: planned from the runbook, signed, worked by a machine, watched, verified."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from rest_framework.test import APIClient

from connectors.models import BackfillJob
from portal.changes.models import ChangeRequest
from tests.browser.conftest import Visitor
from tests.connectors.backfills.world import sync
from tests.people import machine
from tests.registering import EVIDENCE_FIELDS

pytestmark = pytest.mark.browser
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"


def test_a_backfill_from_its_plan_to_done(visitor: Callable[..., Visitor], api_of: Callable[..., APIClient]) -> None:
    connector = sync()
    amal = visitor("amal")
    page = amal.go(f"/syncs/{connector.key}/?tab=runbook")
    expect(page.get_by_text("Never drilled")).to_be_visible()
    page.get_by_role("link", name="Start backfill").click()
    expect(page.locator("[name='sync']")).to_have_value(connector.key)
    page.locator("[name='description']").fill("Amounts are loaded again with their tax.")
    page.locator("[name='reason']").fill("Amounts were loaded without tax for a week.")
    page.locator("[name='partition_hours']").fill("84")
    page.evaluate(UNFOLD)
    for name, value in EVIDENCE_FIELDS.items():
        page.locator(f"[name='{name}']").first.fill(value)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("is now in review")).to_be_visible()
    change = ChangeRequest.objects.latest("pk")
    page = visitor("omar").go(f"{change.get_absolute_url()}?tab=impact")
    expect(page.get_by_text("2 parts of 84 h")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("applied as version 1")).to_be_visible()

    job = BackfillJob.objects.get()
    page = amal.go(job.backfill.get_absolute_url())
    expect(page.get_by_text("0 of 2 parts are done")).to_be_visible()
    loader = api_of(machine("loader"), "executor_system")
    address = f"/api/v1/backfills/{job.backfill.key}/"
    for number in (1, 2):
        part = loader.post(f"{address}claim/", {"worker": "w1"}, format="json").json()["partition"]
        told = {"worker": "w1", "lease": part["lease"], "state": "done", "rows": 1200}
        assert loader.post(f"{address}partitions/{number}/", told, format="json").status_code == 200
        # The page renews itself.
        expect(page.get_by_text(f"{number} of 2 parts are done")).to_be_visible()
    page.get_by_role("link", name="Verify…").click()
    page.get_by_label("How it was verified").fill("Row counts of both sides agree: 2,400.")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("is verified and done")).to_be_visible()
    expect(page.get_by_text("Row counts of both sides agree: 2,400.").first).to_be_visible()
    assert page.locator("#backfill-now[hx-get]").count() == 0
    assert page.evaluate("window.refused") == []
    assert amal.elsewhere == []
