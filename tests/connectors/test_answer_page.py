"""The form that answers a waiting task, as people of its team and others see it."""

from typing import Any

import pytest
from django.test import Client

from connectors.models import TaskState, TrackedTask
from connectors.tracking.asking import asked_of, digest_of
from portal.roles import Role
from tests.connectors.test_task_pages import put, signed_in
from tests.connectors.tracking import world
from tests.servers.scripted import ScriptedServer, result

pytestmark = pytest.mark.django_db
PROPERTIES: dict[str, Any] = {
    "sure": {"type": "boolean", "title": "Are you sure?"},
    "count": {"type": "integer", "title": "How many", "minimum": 2, "description": "At least two."},
    "law": {"type": "string", "enum": ["ksa", "uae"]},
    "days": {"type": "array", "items": {"type": "string", "enum": ["sun", "mon"]}},
    "note": {"type": "string", "default": "none"},
}
FORM = {
    "method": "elicitation/create",
    "params": {
        "message": "Go on?\nReally?",
        "requestedSchema": {"type": "object", "properties": PROPERTIES, "required": ["sure"]},
    },
}


def waits(server: ScriptedServer, requests: Any) -> TrackedTask:
    task = world.adopt(world.connector(server.url), "r-1")
    return put(task, state=TaskState.INPUT_REQUIRED, remote_status="input_required", input_requests=requests)


def send(client: Client, task: TrackedTask, **typed: Any) -> Any:
    asked = digest_of(world.again(task).input_requests or {})
    return client.post(f"/tasks/{task.pk}/", {"action": "answer", "asked": asked} | typed)


def named(task: TrackedTask, **values: Any) -> dict[str, Any]:
    """What is typed by the names of the fields asked for; the database keeps no order of them."""
    (asked,) = asked_of(world.again(task).input_requests)
    return {f"r0-{number}": values[one.name] for number, one in enumerate(asked.fields) if one.name in values}


def sent(server: ScriptedServer) -> Any:
    return server.requests[-1].json["params"]["inputResponses"]


def test_what_is_typed_goes_out_as_what_was_asked_for(scripted: ScriptedServer) -> None:
    task = waits(scripted, {"q": FORM})
    client = signed_in()
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    for words in ("Your answer", "Go on?<br>Really?", "Are you sure?", "At least two.", 'value="none"', "uae"):
        assert words in page, words
    scripted.behave(result({"resultType": "complete"}))
    typed = named(task, sure="false", count="3", law="uae", days=["sun", "mon"], note="")
    answer = send(client, task, **{"r0-action": "accept"}, **typed)
    assert (answer.status_code, answer["Location"]) == (302, f"/tasks/{task.pk}/")
    content = {"sure": False, "count": 3, "law": "uae", "days": ["sun", "mon"]}
    assert sent(scripted) == {"q": {"action": "accept", "content": content}}
    assert "The server took the answer" in client.get(f"/tasks/{task.pk}/").content.decode()


@pytest.mark.parametrize("action", ["decline", "cancel"])
def test_declining_and_dismissing_send_no_values(scripted: ScriptedServer, action: str) -> None:
    task = waits(scripted, {"q": FORM})
    scripted.behave(result({"resultType": "complete"}))
    assert send(signed_in(), task, **{"r0-action": action}, **named(task, count="nonsense")).status_code == 302
    assert sent(scripted) == {"q": {"action": action}}


def test_what_is_wrong_stands_at_its_field_and_under_its_label_and_nothing_is_sent(scripted: ScriptedServer) -> None:
    task = waits(scripted, {"q": FORM})
    answer = send(signed_in(), task, **{"r0-action": "accept"}, **named(task, count="one", note="kept"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#id_r0-0">Are you sure?: This is needed.</a>' in page
    assert ">How many: Must be a number.</a>" in page
    assert 'value="kept"' in page
    assert scripted.requests == []


def test_what_no_form_can_ask_for_is_typed_as_json(scripted: ScriptedServer) -> None:
    nested = {"method": "elicitation/create", "params": {"requestedSchema": {"properties": {"x": {"type": "object"}}}}}
    task = waits(scripted, {"q": nested, "roots": {"method": "roots/list"}})
    client = signed_in()
    scripted.behave(result({"resultType": "complete"}))
    answer = send(client, task, **{"r0-action": "accept", "r0-0": "{not json", "r1-0": "[" * 5000})
    assert answer.status_code == 422
    assert answer.content.decode().count("Must be an object.") >= 4
    typed = {"r0-action": "accept", "r0-0": '{"x": {"y": 1}}', "r1-0": '{"roots": []}'}
    assert send(client, task, **typed).status_code == 302
    assert sent(scripted) == {"q": {"action": "accept", "content": {"x": {"y": 1}}}, "roots": {"roots": []}}
    assert send(client, task, **{"r0-action": "later", "r1-0": ""}).status_code == 422


def test_hostile_words_are_text(scripted: ScriptedServer) -> None:
    evil = "<script>alert(1)</script>"
    properties = {evil: {"type": "string", "title": evil, "description": evil, "enum": [evil], "enumNames": [evil]}}
    form = {"method": "elicitation/create", "params": {"message": evil, "requestedSchema": {"properties": properties}}}
    link = {"method": "elicitation/create", "params": {"mode": "url", "url": "javascript:alert(1)", "message": evil}}
    task = waits(scripted, {evil: form, "link": link, "big": FORM | {"params": {"message": "x" * 50_000}}})
    page = signed_in().get(f"/tasks/{task.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_others_see_what_is_asked_but_no_form(scripted: ScriptedServer) -> None:
    task = waits(scripted, {"q": FORM})
    client = signed_in("vera", Role.VIEWER)
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    assert "Your answer" not in page
    assert "Go on?" in page
    assert send(client, task, **{"r0-action": "decline"}).status_code == 403


def test_an_answer_to_what_was_asked_before_is_not_sent(scripted: ScriptedServer) -> None:
    task = waits(scripted, {"q": FORM})
    answer = signed_in().post(f"/tasks/{task.pk}/", {"action": "answer", "asked": "0" * 64, "r0-action": "decline"})
    assert answer.status_code == 409
    assert "has changed meanwhile" in answer.content.decode()
    put(task, state=TaskState.WORKING, input_requests=None)
    late = send(signed_in(), task, **{"r0-action": "decline"})
    assert late.status_code == 409
    assert "does not wait for input now" in late.content.decode()
    assert scripted.requests == []
