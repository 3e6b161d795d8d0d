"""Journey in a real browser: a task of the real demo server asks, amal answers on its page, and it goes on to its end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from connectors.models import TaskState, TrackedTask
from connectors.tracking import service
from portal.operations.services import database_now
from tests.browser.conftest import Visitor
from tests.connectors.tracking import world
from tests.journeys import slipping
from tests.people import actor
from tests.servers.demo import DemoServer

pytestmark = pytest.mark.browser


def test_amal_answers_what_a_task_asks_for_and_it_completes(
    visitor: Callable[..., Visitor], demo_server: DemoServer
) -> None:
    world.connector(demo_server.url, key="contract-desk")
    task, _ = service.start(
        actor=actor("amal"), connector_key="contract-desk", operation="review_contract", arguments={"seconds": 1},
        idempotency_key="msa", now=database_now(),
    )  # fmt: skip
    amal, worker = visitor("amal"), slipping.Worker()
    page = amal.go(task.get_absolute_url())
    worker.until(TrackedTask.objects.filter(state=TaskState.INPUT_REQUIRED).exists, "the question")
    # The page renews itself, and leads to the form.
    page.get_by_role("link", name="Answer it").click()
    form = page.locator("#answer")
    expect(form.get_by_text("Clause 7 limits liability")).to_be_visible()
    form.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_role("alert").get_by_text("Accept clause 7: This is needed.")).to_be_visible()
    assert TrackedTask.objects.get().observations.filter(what="answer_sent").count() == 0

    page.get_by_label("Accept clause 7").select_option("Yes")
    form.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("The server took the answer").first).to_be_visible()
    worker.until(TrackedTask.objects.filter(state=TaskState.COMPLETED).exists, "the completion")
    expect(page.get_by_text("Ended: Done")).to_be_visible()
    assert page.evaluate("refused") == []
    assert amal.elsewhere == []


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 390), ("ar", "dark", 1360), ("ar", "light", 390)]
)
def test_the_form_fits_the_window_whatever_the_server_writes(
    visitor: Callable[..., Visitor], demo_server: DemoServer, language: str, theme: str, width: int
) -> None:
    long = "x" * 400
    schema = {
        "properties": {
            "a": {"type": "string", "title": long, "description": long},
            "b": {"type": "string", "enum": [long, "y"]},
            "c": {"type": "array", "items": {"enum": ["one", long]}},
        }
    }
    requests = {
        long[:200]: {"method": "elicitation/create", "params": {"message": long, "requestedSchema": schema}},
        "link": {"method": "elicitation/create", "params": {"mode": "url", "url": f"https://x.example/{long}"}},
        "raw": {"method": "roots/list"},
    }
    task = world.adopt(world.connector(demo_server.url), "r-1", actor=actor("amal"))
    TrackedTask.objects.filter(pk=task.pk).update(state=TaskState.INPUT_REQUIRED, input_requests=requests)
    page = visitor("amal", language=language, theme=theme, width=width).go(task.get_absolute_url())
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("refused") == []
