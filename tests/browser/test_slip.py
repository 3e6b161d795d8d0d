"""Journey in a real browser: a task of the real demo server slips, is taken in hand, completes, and is resolved."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from connectors.models import TaskState, TrackedTask
from connectors.tracking import service
from portal.operations.services import database_now
from severity.models import Incident, IncidentState
from severity.rules import Level
from tests.browser.conftest import Visitor
from tests.journeys import slipping
from tests.people import actor
from tests.servers.demo import DemoServer

pytestmark = pytest.mark.browser


def test_a_slip_is_v1_then_v2_acknowledged_mitigated_by_completion_and_resolved_by_yusuf(
    visitor: Callable[..., Visitor], demo_server: DemoServer
) -> None:
    slipping.ledger_desk(demo_server.url)
    task, _ = service.start(
        actor=actor("amal"), connector_key=slipping.KEY, operation=slipping.OPERATION, arguments=slipping.asked(),
        idempotency_key="march", sla=slipping.SLA, now=database_now(),
    )  # fmt: skip
    worker, slips = slipping.Worker(), Incident.objects.filter(task=task)
    yusuf = visitor("yusuf")

    worker.until(slips.exists, "the slip")
    incident = slips.get()
    assert (incident.level, incident.rule) == (Level.V1, "deadline")
    page = yusuf.go("/")
    row = page.locator("li", has=page.get_by_role("link", name=incident.title, exact=True))
    expect(row.get_by_text("V1")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)

    worker.until(slips.filter(severity=Level.V2.value).exists, "the escalation")
    page = yusuf.go("/")
    expect(row.get_by_text("V2")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    row.get_by_role("link", name=incident.title).click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("in the hands of yusuf")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.state, incident.commander) == (IncidentState.ACKNOWLEDGED, actor("yusuf").user)

    worker.until(slips.filter(state=IncidentState.MITIGATED).exists, "the completion")
    assert TrackedTask.objects.get(pk=task.pk).state == TaskState.COMPLETED
    page = yusuf.go(incident.get_absolute_url())
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("alert")).to_be_visible()
    incident.refresh_from_db()
    assert incident.state == IncidentState.MITIGATED
    page.get_by_label("What you found or did").fill("The bank's file came late; the statement is out.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("The bank's file came late; the statement is out.").first).to_be_visible()
    incident.refresh_from_db()
    assert (incident.state, incident.level) == (IncidentState.RESOLVED, Level.V2)
    assert slips.count() == 1
    told = [line.what for line in incident.timeline.order_by("id")]
    assert told == ["opened", "raised", "acknowledged", "mitigated", "resolved"]
    expect(yusuf.go("/").get_by_role("link", name=incident.title, exact=True)).to_have_count(0)
    assert yusuf.page.evaluate("refused") == []
    assert yusuf.elsewhere == []
