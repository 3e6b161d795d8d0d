"""The demo's data, loaded as `make demo` loads it."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from connectors.models import Connector, TaskState, TrackedTask
from connectors.polling import Poller
from metrics.models import Workflow
from metrics.quality.reads import promotion
from portal.audit.models import AuditLine
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.reads import to_sign_by
from portal.embedded.start import DEMO_PASSWORD, DEMO_PEOPLE
from portal.operations.services import database_now
from portal.people.models import User
from portal.registry import kinds
from severity.demo import tasks
from severity.demo.tools import LEDGER_DESK
from severity.gate.services import evaluate
from severity.models import Incident, Source
from severity.sweep import tick
from tests.once import filled_once
from tests.servers.demo import DemoServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, demo_server: DemoServer) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, override_settings(DEMO=True):
        patch.setenv("DEMO_MCP_PORT", demo_server.url.split(":")[2].split("/")[0])
        with filled_once(django_db_blocker, partial(call_command, "load_demo")):
            yield


def test_it_is_refused_outside_a_demo(settings: Any) -> None:
    """Before the others: none of them has loaded anything yet."""
    settings.DEMO = False
    with pytest.raises(CommandError, match="make demo"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_everybody_on_the_sign_in_page_can_sign_in(loaded: None) -> None:
    for name in DEMO_PEOPLE.split():
        assert Client().login(username=name, password=DEMO_PASSWORD), name
    assert not User.objects.get(username="noor").has_usable_password()


def test_every_entry_was_signed_and_is_sound(loaded: None) -> None:
    counted = Counter(Connector.objects.values_list("kind", flat=True))
    assert min(counted["runtime_tool"], counted["data_movement"]) >= 6
    for connector in Connector.objects.all():
        kind = kinds.get(connector.kind)
        document, problems = kind.check(connector.document)
        assert (document, problems) == (connector.document, []), connector.key
        changes = ChangeRequest.objects.filter(key=connector.key, state=ChangeState.APPLIED)
        assert changes.count() == connector.history.count() == connector.version
        for change in changes:
            signers = set(
                AuditLine.objects.filter(change_id=change.pk, action="change.approve").values_list(
                    "actor_name", flat=True
                )
            )
            assert signers
            assert change.author.username not in signers
            assert change.applied_at == connector.history.get(version=change.applied_version).history_date
    assert Connector.objects.filter(version=2).count() == 2


def test_a_change_waits_for_each_role_and_a_draft_is_at_eight_of_nine(loaded: None) -> None:
    waiting = {change.required_class: change for change in ChangeRequest.objects.waiting()}
    assert set(waiting) == {"A1", "A2", "A3"}
    for name in ("lead", "head", "executive"):
        assert to_sign_by(User.objects.get(username=name)).exists()
    draft = ChangeRequest.objects.get(state=ChangeState.DRAFT)
    kind = kinds.get(draft.kind)
    completeness = kind.completeness(kind.check(draft.document)[1])
    assert (draft.author.username, len(completeness.filled), completeness.missing) == (
        "engineer",
        8,
        ("rollback_notes",),
    )
    assert ChangeRequest.objects.get(state=ChangeState.REJECTED).reason


def test_the_release_of_the_demo_is_held_by_what_its_story_says(loaded: None) -> None:
    tick()
    told = evaluate("R-2026.12", "staging")
    assert [(one.rule, one.object) for one in told.blocked] == [("checkpoint_not_passed", "ad-spend-daily")]
    assert {"row_risk", "not_signed"} <= {one.rule for one in told.warnings}
    held = {one.key: promotion(one, database_now()).held for one in Workflow.objects.all()}
    assert held == {"monthly-statement": False, "attribution-model": True}


def test_loading_again_adds_nothing_until_an_hour_has_passed(loaded: None) -> None:
    def counts() -> list[int]:
        return [model.objects.count() for model in (User, Connector, ChangeRequest, TrackedTask)]

    before = counts()
    call_command("load_demo")
    assert counts() == before
    started = tasks.start(database_now() + timedelta(hours=1, seconds=5))
    assert counts() == [*before[:3], before[3] + started]
    assert started == len(tasks.JOBS)


def test_each_start_has_fresh_tasks_once_and_ends_what_earlier_ones_left(
    loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = TrackedTask.objects.first()
    assert left is not None
    now = database_now()
    incident = Incident.objects.create(
        severity=2, source=Source.TASK, rule="deadline", subject_kind="task", subject_key=left.human_id, task=left,
        subject_id=left.pk, connector=left.connector, title="Late", dedup_key="x", epoch=now, owner=left.owner,
        opened_at=now, last_update_at=now,
    )  # fmt: skip
    for begun in ("first", "second"):
        monkeypatch.setenv("DEMO_BEGUN", begun)
        for _again in range(2):
            call_command("load_demo")
        fresh = TrackedTask.objects.filter(ended_at__isnull=True)
        assert fresh.count() == len(tasks.JOBS)
        assert {task.idempotency_key.rpartition("-")[2] for task in fresh} == {begun}
    assert TrackedTask.objects.count() == 3 * len(tasks.JOBS)
    assert set(TrackedTask.objects.exclude(ended_at=None).values_list("state", flat=True)) == {TaskState.CANCELLED}
    incident.refresh_from_db()
    assert incident.resolved
    tick()
    assert not Incident.objects.unresolved().filter(source=Source.TASK).exists()


def test_a_demo_server_on_another_port_is_followed_by_a_change(loaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_MCP_PORT", "8999")
    call_command("load_demo")
    desk = Connector.objects.get(key=LEDGER_DESK)
    assert (desk.endpoint, desk.version) == ("http://127.0.0.1:8999/mcp", 2)


def test_the_demo_server_takes_every_task_as_its_contract_says(loaded: None) -> None:
    """Each job runs against the real server: none is refused for its arguments, one hangs, one asks, two fail."""
    wanted = {
        "campaign": TaskState.WORKING,
        "ledger": TaskState.WORKING,
        "review": TaskState.INPUT_REQUIRED,
        "contacts": TaskState.FAILED_TOOL,
        "catalogue": TaskState.FAILED,
    }
    poller = Poller()

    def states() -> dict[str, str]:
        found = {
            task.idempotency_key.removeprefix(tasks.PREFIX).rpartition("-")[0]: task.state
            for task in TrackedTask.objects.all()
        }
        return {name: found[name] for name in wanted}

    end = time.monotonic() + 25
    while time.monotonic() < end and states() != wanted:
        poller.tick()
        time.sleep(0.2)
    assert states() == wanted
