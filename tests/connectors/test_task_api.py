"""Tracked tasks by API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import Connector, TaskState, TrackedTask
from connectors.polling import Poller
from portal.operations.services import database_now
from portal.people.models import User
from portal.people.tokens import create_token
from portal.roles import Role
from tests.connectors.tracking import world
from tests.servers.fixtures import demo_server, scripted
from tests.servers.scripted import ScriptedServer, error, result, task

__all__ = ["demo_server", "scripted"]
pytestmark = pytest.mark.django_db
TASKS = "/api/v1/tasks/"


def client_of(name: str = "amal", role: Role = Role.ENGINEER) -> APIClient:
    """Somebody signed in."""
    world.person(name, role)
    client = APIClient()
    client.force_login(User.objects.get(username=name))
    return client


@pytest.fixture
def amal() -> APIClient:
    return client_of()


@pytest.fixture
def ledger(scripted: ScriptedServer) -> Connector:
    return world.connector(scripted.url, key="ledger")


def body(**told: Any) -> dict[str, Any]:
    return {"connector": "ledger", "operation": "generate_statement", "idempotency_key": "march"} | told


def test_a_new_task_answers_201_and_the_same_again_200(amal: APIClient, ledger: Connector) -> None:
    first = amal.post(TASKS, body(arguments={"a": 1}))
    assert first.status_code == 201, first.content
    answer = first.json()
    assert first["Location"] == f"{TASKS}{answer['id'].removeprefix('T-')}/"
    assert (answer["state"], answer["open"], answer["owner"]) == ("starting", True, "finance")
    assert 890 < answer["seconds_to_deadline"] <= 900
    again = amal.post(TASKS, body(arguments={"a": 1}))
    assert (again.status_code, again.json()["id"]) == (200, answer["id"])
    other = amal.post(TASKS, body(arguments={"a": 2}))
    assert other.status_code == 409
    assert other["Content-Type"].startswith("application/problem+json")
    assert answer["id"] in other.content.decode()


def test_the_header_serves_as_the_key(amal: APIClient, ledger: Connector) -> None:
    told = body()
    del told["idempotency_key"]
    first = amal.post(TASKS, told, headers={"Idempotency-Key": "april"})
    assert (first.status_code, first.json()["idempotency_key"]) == (201, "april")
    assert amal.post(TASKS, told, headers={"Idempotency-Key": "april"}).status_code == 200
    assert amal.post(TASKS, body(), headers={"Idempotency-Key": "april"}).status_code == 422
    assert amal.post(TASKS, told).status_code == 422
    assert TrackedTask.objects.count() == 1


def test_what_is_wrong_is_told_with_its_path(amal: APIClient, ledger: Connector) -> None:
    refused = amal.post(TASKS, body(operation="nothing", sla={"stall_seconds": 0}, owner="nobody"))
    assert refused.status_code == 422
    assert "sla.stall_seconds" in refused.content.decode()
    refused = amal.post(TASKS, body(operation="nothing", owner="nobody"))
    assert refused.status_code == 422
    assert "operation" in refused.content.decode()
    assert "owner" in refused.content.decode()
    broken: list[Any] = [[], {"connector": "ledger"}, body(extra=1), body(arguments=[1])]
    for told in broken:
        assert amal.post(TASKS, told).status_code == 422, told
    assert amal.post(TASKS, body(connector="x\0")).status_code == 400
    assert not TrackedTask.objects.exists()


def test_a_task_shows_its_timeline_and_what_it_waits_for(amal: APIClient, ledger: Connector) -> None:
    made = amal.post(TASKS, body(sla={"deadline_seconds": 100})).json()
    Poller().tick()
    found = amal.get(f"{TASKS}{made['id']}/").json()
    assert found["state"] == TaskState.WORKING
    assert found["shown"] == "running"
    assert found["remote_task_id"]
    assert found["sla"]["deadline_seconds"] == 100
    assert found["seconds_to_deadline"] < 100
    assert [line["what"] for line in found["timeline"]] == ["accepted", "started", "changed"]
    assert amal.get(f"{TASKS}99999999/").status_code == 404
    assert amal.get(f"{TASKS}nonsense/").status_code == 404


def test_a_remote_task_is_adopted_once(amal: APIClient, ledger: Connector) -> None:
    adopted = amal.post(TASKS, body(remote_task_id="r-1"))
    assert (adopted.status_code, adopted.json()["adopted"]) == (201, True)
    assert amal.post(TASKS, body(remote_task_id="r-1")).status_code == 200
    assert amal.post(TASKS, body(remote_task_id="r-1", idempotency_key="other")).status_code == 409


def test_a_cancelling_is_noted_and_sent_by_a_worker(
    amal: APIClient, ledger: Connector, scripted: ScriptedServer
) -> None:
    made = amal.post(TASKS, body(remote_task_id="r-1")).json()
    asked = amal.post(f"{TASKS}{made['id']}/cancel/")
    assert (asked.status_code, asked.json()["state"]) == (202, "cancel_requested")
    assert scripted.requests == []
    Poller().tick()
    assert [request.json["method"] for request in scripted.requests] == ["tasks/cancel", "tasks/get"]
    fresh = amal.post(TASKS, body(idempotency_key="fresh")).json()
    ended = amal.post(f"{TASKS}{fresh['id']}/cancel/")
    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert amal.post(f"{TASKS}{fresh['id']}/cancel/").status_code == 409


def test_viewers_see_tasks_and_start_none(ledger: Connector) -> None:
    vera = client_of("vera", Role.VIEWER)
    assert vera.get(TASKS).status_code == 200
    assert vera.post(TASKS, body()).status_code == 403
    assert APIClient().get(TASKS).status_code == 401


def test_an_observers_token_starts_nothing(ledger: Connector) -> None:
    user = world.person().user
    assert user is not None
    token = create_token(
        actor=world.person("adam", Role.ADMINISTRATOR),
        user=user,
        actor_type="observer_agent",
        name="watcher",
        now=database_now(),
    )
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert client.get(TASKS).status_code == 200
    assert client.post(TASKS, body()).status_code == 403


def test_the_list_is_filtered_and_paged(amal: APIClient, ledger: Connector) -> None:
    other = world.connector("http://127.0.0.1:9/mcp")
    ids = [amal.post(TASKS, body(idempotency_key=f"k-{n}")).json()["id"] for n in range(5)]
    alien = world.start(other)
    amal.post(f"{TASKS}{ids[0]}/cancel/")

    def listed(**query: Any) -> list[str]:
        answer = amal.get(TASKS, query)
        assert answer.status_code == 200, answer.content
        return [line["id"] for line in answer.json()["results"]]

    assert listed() == [alien.human_id, *reversed(ids)]
    assert listed(connector="ledger", open="true") == list(reversed(ids[1:]))
    assert listed(state="cancelled") == [ids[0]]
    assert listed(q=ids[2]) == [ids[2]]
    assert listed(q=alien.idempotency_key) == [alien.human_id]
    # By how its key, operation or remote id begins, and by words of its connector.
    assert listed(q="k-") == list(reversed(ids))
    assert listed(q=alien.operation[:4]) == [alien.human_id, *reversed(ids)]
    TrackedTask.objects.filter(pk=alien.pk).update(remote_task_id="far-17")
    assert (listed(q="far-1"), listed(q="ar-17"), listed(q="%")) == ([alien.human_id], [], [])
    assert listed(q=ledger.name.upper()) == list(reversed(ids))
    assert listed(owner="finance", limit=2) == [alien.human_id, ids[4]]
    following = amal.get(amal.get(TASKS, {"limit": 4}).json()["next"]).json()["results"]
    assert [line["id"] for line in following] == [ids[1], ids[0]]
    assert amal.get(TASKS, {"colour": "red"}).status_code == 422
    assert amal.get(TASKS, {"state": "red"}).status_code == 422


def test_a_list_costs_the_same_number_of_queries_whatever_its_length(
    amal: APIClient, ledger: Connector, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        world.start(ledger, idempotency_key=f"k-{n}")
    with django_assert_max_num_queries(6):
        assert len(amal.get(TASKS).json()["results"]) == 30


def test_a_waiting_task_is_answered_by_key_of_its_requests(
    amal: APIClient, ledger: Connector, scripted: ScriptedServer
) -> None:
    made = amal.post(TASKS, body(remote_task_id="r-1")).json()
    address = f"{TASKS}{made['id']}/answer/"
    yes = {"decision": {"action": "accept", "content": {"accept": True}}}
    early = amal.post(address, yes)
    assert (early.status_code, early.json()["type"]) == (409, "urn:portal:problem:not_waiting")
    schema = {"properties": {"accept": {"type": "boolean"}}, "required": ["accept"]}
    asked = {"decision": {"method": "elicitation/create", "params": {"requestedSchema": schema}}}
    scripted.behave(task(status="input_required", inputRequests=asked))
    Poller().tick()
    assert amal.get(f"{TASKS}{made['id']}/").json()["input_requests"] == asked
    wrong = amal.post(address, {"decision": {"action": "accept", "content": {"accept": 1}}})
    assert (wrong.status_code, wrong["Content-Type"]) == (422, "application/problem+json")
    assert [one["path"] for one in wrong.json()["errors"]] == ["decision.content.accept"]
    assert amal.post(address, ["decision"]).status_code == 422
    scripted.behave(result({"resultType": "complete"}))
    for _again in range(2):
        taken = amal.post(address, yes)
        assert (taken.status_code, taken.json()["timeline"][-1]["what"]) == (202, "answer_taken")
    assert [one.json["params"].get("inputResponses") for one in scripted.requests][1:] == [yes]
    assert client_of("vera", Role.VIEWER).post(address, yes).status_code == 403
    scripted.behave(error(-32602, "Gone"))
    other = amal.post(address, {"decision": {"action": "decline"}})
    assert (other.status_code, other.json()["type"]) == (409, "urn:portal:problem:not_taken")
    assert "Gone" in other.json()["detail"]
