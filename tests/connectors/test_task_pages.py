"""The pages of tracked tasks, as amal the engineer, omar the lead and a viewer see them."""

import json
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.models import TaskState, TrackedTask
from connectors.models.task import CLOCKS, ENDED, Observation
from connectors.tracking.shown import NEEDS_SOMEBODY, Shown, needs_somebody, shown
from portal.operations.services import database_now
from portal.roles import Role
from portal.web.words import part_run
from tests.connectors.tracking import world

pytestmark = pytest.mark.django_db
ENDPOINT = "https://ledger.example/mcp"
MOST_QUERIES = 25


def signed_in(name: str = "amal", role: Role = Role.ENGINEER) -> Client:
    user = world.person(name, role).user
    assert user is not None
    client = Client()
    client.force_login(user)
    return client


def put(task: TrackedTask, **columns: object) -> TrackedTask:
    TrackedTask.objects.filter(pk=task.pk).update(**columns)
    return world.again(task)


def ended(task: TrackedTask, state: TaskState) -> TrackedTask:
    clocks = {f"{clock}_clock": None for clock in CLOCKS}
    return put(task, state=state, ended_at=database_now(), next_poll_at=None, **clocks)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_any_task_the_page_teaches_how_to_have_one() -> None:
    assert "No task is being watched" in text(signed_in(), "/tasks/")


def test_the_nearest_deadline_comes_first_and_an_ended_task_has_its_own_tab() -> None:
    of = world.connector(ENDPOINT)
    late, soon = world.start(of), world.start(of, "reconcile_ledger")
    put(late, deadline_at=database_now() + timedelta(hours=2))
    over = ended(world.start(of, "export_contacts"), TaskState.COMPLETED)
    page = text(signed_in(), "/tasks/")
    assert page.index(f"T-{soon.pk}") < page.index(f"T-{late.pk}")
    assert f"T-{over.pk}" not in page
    assert f"T-{over.pk}" in text(signed_in(), "/tasks/?tab=ended")


def test_all_ended_reads_as_all_done_and_a_filter_that_finds_none_can_be_cleared() -> None:
    ended(world.start(world.connector(ENDPOINT)), TaskState.COMPLETED)
    client = signed_in()
    assert "No task is open" in text(client, "/tasks/")
    nothing = text(client, "/tasks/?tab=ended&q=nothing-like-this")
    assert "Nothing matches this filter" in nothing
    assert 'href="?tab=ended"' in nothing


def test_the_tab_of_what_needs_somebody_agrees_with_the_words_of_the_rows() -> None:
    of, now = world.connector(ENDPOINT), database_now()
    for columns in (
        {"state": TaskState.WORKING, "last_seen_at": now, "last_change_at": now - timedelta(seconds=301)},
        {"state": TaskState.WORKING, "last_seen_at": now, "last_change_at": now - timedelta(seconds=200)},
        {"state": TaskState.INPUT_REQUIRED, "last_seen_at": now},
        {"state": TaskState.START_UNKNOWN},
        {"state": TaskState.WORKING, "trouble_kind": "unauthorized"},
        {"state": TaskState.WORKING, "trouble_kind": "drift"},
        {"state": TaskState.STARTING},
    ):
        put(world.start(of), **columns)
    ended(world.start(of), TaskState.FAILED)
    found = set(TrackedTask.objects.filter(needs_somebody(now)).values_list("pk", flat=True))
    assert found == {task.pk for task in TrackedTask.objects.all() if shown(task, now) in NEEDS_SOMEBODY}
    assert len(found) == 5


@pytest.mark.parametrize("state", TaskState)
def test_every_state_has_a_list_and_a_page(state: TaskState) -> None:
    task = world.start(world.connector(ENDPOINT))
    task = ended(task, state) if state in ENDED else put(task, state=state)
    word = str(shown(task, database_now()).label)
    client = signed_in()
    assert word in text(client, "/tasks/?tab=all")
    assert word in text(client, f"/tasks/{task.pk}/")


def test_the_page_tells_what_was_seen_newest_first_and_what_hinders_the_view() -> None:
    task, now = world.start(world.connector(ENDPOINT)), database_now()
    put(task, trouble="The server answers 503.", state=TaskState.WORKING, last_seen_at=now)
    Observation.objects.create(task=task, at=now, what="started", state="working", detail="")
    Observation.objects.create(
        task=task,
        at=now + timedelta(seconds=1),
        what="changed",
        state="working",
        remote_status="half",
        detail="50 rows",
    )
    page = text(signed_in(), f"/tasks/{task.pk}/")
    assert page.index("Changed: half") < page.index("Started</bdi>")
    assert "The server answers 503." in page
    assert "data-deadline" in page


def test_what_a_server_says_is_text_and_never_markup() -> None:
    task = put(world.start(world.connector(ENDPOINT)), status_message="<script>alert(1)</script>",
               state=TaskState.INPUT_REQUIRED, input_requests={"a": "<img src=x>"})  # fmt: skip
    page = text(signed_in(), f"/tasks/{task.pk}/")
    assert "<script>alert" not in page
    assert "<img" not in page


def test_an_ended_task_is_not_asked_after_again() -> None:
    task = ended(world.start(world.connector(ENDPOINT)), TaskState.FAILED)
    assert "data-live" not in text(signed_in(), f"/tasks/{task.pk}/")


def test_amal_cancels_a_task_and_is_told() -> None:
    task = put(world.start(world.connector(ENDPOINT)), state=TaskState.WORKING, remote_task_id="r-1")
    client = signed_in()
    answer = client.post(f"/tasks/{task.pk}/", {"action": "cancel"}, follow=True)
    assert answer.redirect_chain == [(f"/tasks/{task.pk}/", 302)]
    assert f"T-{task.pk} was asked to stop." in answer.content.decode()
    assert world.again(task).cancel_requested_at is not None


def test_a_task_that_has_ended_refuses_the_cancelling_on_its_page() -> None:
    task = ended(world.start(world.connector(ENDPOINT)), TaskState.COMPLETED)
    answer = signed_in().post(f"/tasks/{task.pk}/", {"action": "cancel"})
    assert answer.status_code == 409
    assert "has ended" in answer.content.decode()


def test_a_viewer_has_no_button_and_is_refused() -> None:
    task = world.start(world.connector(ENDPOINT))
    client = signed_in("vera", Role.VIEWER)
    assert "Cancel the task" not in text(client, f"/tasks/{task.pk}/")
    assert client.post(f"/tasks/{task.pk}/", {"action": "cancel"}).status_code == 403
    assert world.again(task).cancel_requested_at is None


@pytest.mark.parametrize("address", ["/tasks/999999/", "/tasks/99999999999999999999999/"])
def test_a_task_that_does_not_exist_is_no_page(address: str) -> None:
    client = signed_in()
    assert client.get(address).status_code == 404
    assert client.post(address, {"action": "cancel"}).status_code == 404


def test_another_button_is_no_page() -> None:
    task = world.start(world.connector(ENDPOINT))
    assert signed_in().post(f"/tasks/{task.pk}/", {"action": "explode"}).status_code == 404


def test_fifty_rows_cost_few_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    of = world.connector(ENDPOINT)
    task = world.start(of)
    for _ in range(54):
        world.start(of)
    client = signed_in()
    with django_assert_max_num_queries(MOST_QUERIES):
        assert "50 of 55" in text(client, "/tasks/")
    with django_assert_max_num_queries(MOST_QUERIES):
        text(client, f"/tasks/{task.pk}/")
    assert str(Shown.STARTING.label) in text(client, "/tasks/?page=2")


def test_the_page_offers_an_incident_about_it_with_what_is_known_filled_in() -> None:
    task = put(world.start(world.connector(ENDPOINT)), state=TaskState.WORKING)
    client = signed_in()
    page = text(client, f"/tasks/{task.pk}/")
    address = unescape(page.partition('href="/incidents/declare/?')[2].partition('"')[0])
    form = text(client, f"/incidents/declare/?{address}")
    assert f'value="T-{task.pk} {task.operation}: "' in form
    assert f'value="{task.connector.key}"' in form
    assert f'value="{task.get_absolute_url()}"' in form
    assert f'value="{task.owner.key}" selected' in form
    assert "/incidents/declare/" not in text(signed_in("vera", Role.VIEWER), f"/tasks/{task.pk}/")


def test_what_is_known_stands_as_json_too_without_the_address_of_its_heartbeat() -> None:
    task = put(world.start(world.connector(ENDPOINT)), state=TaskState.WORKING)
    page = text(signed_in(), f"/tasks/{task.pk}/")
    block = page.partition("As JSON</summary>")[2].partition("<pre")[2]
    known = json.loads(unescape(block.partition(">")[2].partition("</pre>")[0]))
    assert known["id"] == f"T-{task.pk}"
    assert known["sla"]["deadline_seconds"] == task.deadline_seconds
    assert "heartbeat" not in block.partition("</pre>")[0], "its address is its proof"


@pytest.mark.parametrize(
    ("since", "until", "run"), [(0, 10, 50), (0, 5, 100), (0, 4, 100), (5, 10, 0), (None, 9, 0), (None, 5, 100)]
)
def test_how_much_of_a_time_has_run(since: int | None, until: int, run: int) -> None:
    start = database_now()
    began = None if since is None else start + timedelta(seconds=since)
    assert part_run(began, start + timedelta(seconds=until), start + timedelta(seconds=5)) == run
