"""The pages of incidents and the overview, as amal the engineer, omar the lead and a viewer see them."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.operations.services import database_now
from portal.roles import Role
from severity.models import Incident, IncidentState, Source, TimelineEvent
from severity.rules import Level
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


def incident(level: Level = Level.V1, state: str = IncidentState.OPEN, title: str = "Deadline passed") -> Incident:
    task, now = world.start(world.connector(ENDPOINT)), database_now()
    made = Incident.objects.create(
        severity=level.value, source=Source.TASK, rule="deadline", subject_kind="task", subject_key=task.human_id,
        subject_id=task.pk, task=task, connector=task.connector, title=title, dedup_key=f"task:{task.pk}:deadline",
        epoch=now, owner=task.owner, state=state, opened_at=now, last_update_at=now,
        acknowledged_at=None if state == IncidentState.OPEN else now,
        mitigated_at=now if state == IncidentState.MITIGATED else None,
        resolved_at=now if state == IncidentState.RESOLVED else None,
        evidence=[{"kind": "task", "reference": task.human_id, "note": "It passed."}],
    )  # fmt: skip
    TimelineEvent.objects.create(
        incident=made, at=now, what="opened", actor_name="portal:sweep", severity=level.value, text="It passed."
    )
    return made


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_any_incident_the_list_says_where_they_come_from() -> None:
    assert "No incident yet" in text(signed_in(), "/incidents/")


def test_all_resolved_reads_as_all_done() -> None:
    over = incident(state=IncidentState.RESOLVED)
    client = signed_in()
    assert "No open incident" in text(client, "/incidents/")
    assert over.human_id in text(client, "/incidents/?tab=resolved")


def test_the_worst_comes_first_and_severity_filters() -> None:
    mild, bad = incident(Level.V1), incident(Level.V3)
    client = signed_in()
    page = text(client, "/incidents/")
    assert page.index(bad.human_id) < page.index(mild.human_id)
    filtered = text(client, "/incidents/?severity=V3&open=true")
    assert f"/incidents/{bad.human_id}/" in filtered
    assert f"/incidents/{mild.human_id}/" not in filtered


@pytest.mark.parametrize("form", ["INC-{}", "{}", "inc-{}"])
def test_an_incident_is_found_by_its_number_or_its_name(form: str) -> None:
    made = incident()
    assert made.human_id in text(signed_in(), f"/incidents/{form.format(made.pk)}/")


@pytest.mark.parametrize("pk", ["INC-", "CHG-1", "12x", "²", "9" * 40, "-1", "999999"])
def test_what_is_no_incident_is_no_page(pk: str) -> None:
    client = signed_in()
    assert client.get(f"/incidents/{pk}/").status_code == 404
    assert client.post(f"/incidents/{pk}/", {"action": "acknowledge"}).status_code == 404


def test_the_buttons_follow_the_state() -> None:
    client = signed_in()
    expected = {
        IncidentState.OPEN: {"acknowledge", "mitigate", "resolve"},
        IncidentState.ACKNOWLEDGED: {"mitigate", "resolve"},
        IncidentState.MITIGATED: {"resolve"},
        IncidentState.RESOLVED: set(),
    }
    for state, buttons in expected.items():
        page = text(client, incident(state=state).get_absolute_url())
        assert {name for name in ("acknowledge", "mitigate", "resolve") if f'value="{name}"' in page} == buttons


def test_amal_takes_an_incident_from_open_to_resolved() -> None:
    made, client = incident(Level.V2), signed_in()
    address = made.get_absolute_url()
    for action, words, state in (
        ("acknowledge", "", IncidentState.ACKNOWLEDGED),
        ("comment", "The ledger was locked.", IncidentState.ACKNOWLEDGED),
        ("mitigate", "Restarted it.", IncidentState.MITIGATED),
        ("resolve", "It ran through.", IncidentState.RESOLVED),
    ):
        assert client.post(address, {"action": action, "text": words}).status_code == 302
        made.refresh_from_db()
        assert made.state == state
    page = text(client, address)
    assert page.index("It ran through.") < page.index("Restarted it.") < page.index("The ledger was locked.")
    assert "data-live" not in page


def test_a_v2_is_not_resolved_without_a_sentence() -> None:
    made, client = incident(Level.V2), signed_in()
    refused = client.post(made.get_absolute_url(), {"action": "resolve", "text": "  "})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.content.decode()
    made.refresh_from_db()
    assert made.state == IncidentState.OPEN


def test_the_second_to_acknowledge_is_told_and_keeps_the_text() -> None:
    made = incident(Level.V2)
    signed_in().post(made.get_absolute_url(), {"action": "acknowledge"})
    second = signed_in("omar", Role.LEAD).post(made.get_absolute_url(), {"action": "acknowledge", "text": "On it."})
    assert second.status_code == 409
    page = second.content.decode()
    assert "Acknowledged already" in page
    assert ">On it.</textarea>" in page


def test_a_viewer_reads_but_is_refused() -> None:
    made, client = incident(), signed_in("vera", Role.VIEWER)
    assert 'value="acknowledge"' not in text(client, made.get_absolute_url())
    assert client.post(made.get_absolute_url(), {"action": "acknowledge"}).status_code == 403
    made.refresh_from_db()
    assert made.state == IncidentState.OPEN


def test_the_overview_of_a_fresh_portal_teaches_the_first_step() -> None:
    page = text(signed_in(), "/")
    assert "Nothing is registered yet" in page
    assert 'href="/register/"' in page


def test_the_overview_asks_for_every_bad_incident_until_somebody_took_it() -> None:
    bad, mild = incident(Level.V3, title="Leak"), incident(Level.V1, title="Slip")
    client = signed_in()
    page = text(client, "/")
    button = f'<form method="post" action="{bad.get_absolute_url()}">'
    assert button in page
    assert f'<form method="post" action="{mild.get_absolute_url()}">' not in page
    client.post(bad.get_absolute_url(), {"action": "acknowledge"})
    assert button not in text(client, "/")


def test_the_overview_offers_a_viewer_nothing_that_she_may_not_do() -> None:
    incident(Level.V2)
    assert 'value="acknowledge"' in text(signed_in(), "/")
    page = text(signed_in("vera", Role.VIEWER), "/")
    assert "INC-" in page
    assert 'value="acknowledge"' not in page


def test_the_overview_says_that_nobody_watches_the_clocks() -> None:
    assert "The watcher of clocks is late" in text(signed_in(), "/")


def test_the_overview_shows_the_next_deadlines_in_order() -> None:
    of, now = world.connector(ENDPOINT), database_now()
    tasks = [world.start(of) for _ in range(2)]
    for task, minutes in zip(tasks, (90, 5), strict=True):
        task.deadline_at = now + timedelta(minutes=minutes)
        task.save(update_fields=["deadline_at"])
    page = text(signed_in(), "/")
    assert page.index(tasks[1].human_id) < page.index(tasks[0].human_id)


def test_full_pages_cost_few_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    made = [incident(Level(number % 4)) for number in range(52)]
    client = signed_in("omar", Role.LEAD)
    for address in ("/", "/incidents/", made[0].get_absolute_url()):
        with django_assert_max_num_queries(MOST_QUERIES):
            text(client, address)


def test_the_page_of_a_connector_tells_its_incidents() -> None:
    open_, task_page = incident(title="Deadline passed: reconcile"), "tab=incidents"
    client = signed_in()
    page = text(client, f"{open_.connector.get_absolute_url()}?{task_page}")
    assert open_.human_id in page
    assert "Deadline passed: reconcile" in page
    other = world.connector(ENDPOINT, key="other-ledger") if open_.connector.key != "other-ledger" else open_.connector
    assert "No incident of it was ever opened." in text(client, f"{other.get_absolute_url()}?{task_page}")
