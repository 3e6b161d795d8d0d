"""Who may do what, through every door. The table of roles is the one answer; a door that it does not name must not open.

What is expected is read from `portal.roles.TABLE` and the four-eyes rules alone: nobody decides on what is theirs, and only an
author works on a change. Each try is taken back.
"""

import importlib
import inspect
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from rest_framework.test import APIClient

from portal.api.changes import ChangeViewSet
from portal.changes import decisions, discussion, inbox, rebasing, services, sets
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.people.requests import SIGNED_IN_AT
from portal.people.tokens import create_token
from portal.registry import kinds
from portal.roles import ActorType, Role
from portal.web.views.review import Review
from tests.doors.stage import AUTHORS_VERBS, DECIDING, DOCUMENTS, OWN, THEIRS, Stage, expected, somebody
from tests.doors.ways import by_api, by_page, by_service
from tests.people import actor

pytestmark = pytest.mark.django_db


# All kinds go through the same code: one of them every time, the others under chaos.
@pytest.fixture(
    params=[
        "runtime_tool",
        pytest.param("approval_policy", marks=pytest.mark.chaos),
        pytest.param("data_movement", marks=pytest.mark.chaos),
        pytest.param("event_family", marks=pytest.mark.chaos),
        pytest.param("severity_table", marks=pytest.mark.chaos),
        pytest.param("backfill", marks=pytest.mark.chaos),
    ]
)
def stage(request: pytest.FixtureRequest) -> Stage:
    """Every kind that there is."""
    return Stage(request.param).set_up()


def test_no_kind_is_left_out() -> None:
    assert set(DOCUMENTS) >= {kind.name for kind in kinds.all_kinds()}


def people() -> dict[Role, User]:
    """One person of every role, who had no part in anything yet."""
    return {role: somebody(f"the-{role.value}", role) for role in Role}


def tried(stage: Stage, door: Callable[[str, list[ChangeRequest]], bool], verb: str, who: User, *, own: bool) -> bool:
    saved = transaction.savepoint()
    try:
        return door(verb, stage.ready(verb, who, own=own))
    finally:
        transaction.savepoint_rollback(saved)


def sides(verb: str) -> Iterator[bool]:
    yield THEIRS
    if verb in (*AUTHORS_VERBS, *DECIDING):
        yield OWN


def test_services(stage: Stage) -> None:
    wrong = []
    for role, who in people().items():
        for actor_type in ActorType:
            acting = Actor.of(who, actor_type=actor_type, signed_in_at=database_now())
            for verb in stage.verbs():
                for own in sides(verb):
                    opened = tried(stage, partial(by_service, stage, acting), verb, who, own=own)
                    wanted = expected(verb, stage.kind, role, actor_type, own=own, token=False)
                    if opened != wanted:
                        wrong.append((role.value, actor_type.value, verb, "own" if own else "theirs", opened))
    assert not wrong


def test_api(stage: Stage) -> None:
    wrong = []
    for role, who in people().items():
        for actor_type in ActorType:
            token = create_token(actor=actor("adam"), user=who, actor_type=actor_type, name="t", now=database_now())
            client = APIClient(headers={"Authorization": f"Bearer {token}"})
            for verb in stage.verbs():
                if verb == "revert":
                    continue
                for own in sides(verb):
                    if own and verb in DECIDING and actor_type is not ActorType.HUMAN:
                        continue
                    opened = tried(stage, partial(by_api, stage, client), verb, who, own=own)
                    wanted = expected(verb, stage.kind, role, actor_type, own=own, token=True)
                    if opened != wanted:
                        wrong.append((role.value, actor_type.value, verb, "own" if own else "theirs", opened))
    assert not wrong


def test_pages(stage: Stage) -> None:
    wrong = []
    for role, who in people().items():
        client = Client()
        client.force_login(who)
        session = client.session
        session[SIGNED_IN_AT] = time.time()
        session.save()
        for verb in stage.verbs():
            for own in sides(verb):
                opened = tried(stage, partial(by_page, stage, client), verb, who, own=own)
                wanted = expected(verb, stage.kind, role, ActorType.HUMAN, own=own, token=False)
                if opened != wanted:
                    wrong.append((role.value, verb, "own" if own else "theirs", opened))
    assert not wrong


def test_bulk_decides_for_nobody_else(stage: Stage) -> None:
    for role, who in people().items():
        client = Client()
        client.force_login(who)
        session = client.session
        session[SIGNED_IN_AT] = time.time()
        session.save()
        for verb in ("approve", "reject"):
            for own in sides(verb):

                def chosen(verb: str, changes: list[ChangeRequest], client: Client = client) -> bool:
                    (change,) = changes
                    posted = {"action": verb, "reason": "All.", "chosen": f"{change.pk}:{change.digest}"}
                    client.post("/approvals/", posted)
                    return change.proposals.get().decisions.exists()

                opened = tried(stage, chosen, verb, who, own=own)
                assert opened == expected(verb, stage.kind, role, ActorType.HUMAN, own=own, token=False), (role, verb)


def test_bulk_by_api_decides_for_nobody_else(stage: Stage) -> None:
    wrong = []
    for role, who in people().items():
        for actor_type in ActorType:
            token = create_token(actor=actor("adam"), user=who, actor_type=actor_type, name="t", now=database_now())
            client = APIClient(headers={"Authorization": f"Bearer {token}"})
            for verb in ("approve", "reject"):
                for own in sides(verb):

                    def chosen(verb: str, changes: list[ChangeRequest], client: APIClient = client) -> bool:
                        (change,) = changes
                        one = {"change": change.human_id, "digest": change.digest}
                        body = {"verb": verb, "reason": "All.", "changes": [one]}
                        answer = client.post("/api/v1/changes/decide/", body, format="json")
                        assert answer.status_code == 200, answer.content
                        return bool(answer.json()["decided"])

                    opened = tried(stage, chosen, verb, who, own=own)
                    wanted = expected(verb, stage.kind, role, actor_type, own=own, token=True)
                    if opened != wanted:
                        wrong.append((role.value, actor_type.value, verb, "own" if own else "theirs", opened))
    assert not wrong


def test_every_door_is_in_the_matrix() -> None:
    extra: list[Any] = ChangeViewSet.get_extra_actions()
    api = {action.__name__ for action in extra if set(action.mapping) != {"get"}}
    assert api == {"validate", "submit", "withdraw", "approve", "edit", "reject", "emergency", "review", "rebase",
                   "resubmit", "untie", "tie", "decide"}  # fmt: skip
    view: Any = Review()
    view.request = type("Request", (), {"POST": QueryDict()})()
    pages = set(view._actions())
    assert pages - {"unwatch"} <= {*AUTHORS_VERBS, *DECIDING, "comment", "watch"}

    def named(module: ModuleType) -> set[str]:
        functions = inspect.getmembers(module, inspect.isfunction)
        return {
            f"{module.__name__.rpartition('.')[2]}.{name}"
            for name, function in functions
            if function.__module__ == module.__name__ and "actor" in inspect.signature(function).parameters
            and not name.startswith("_")
        }  # fmt: skip

    inner = {"services.own", "services.drafted", "services.commit", "services.put_before_approvers",
             "decisions.refusal_to_decide", "inbox.queue", "inbox.rows"}  # fmt: skip
    found = {
        name for module in (services, decisions, rebasing, sets, discussion, inbox) for name in named(module)
    } - inner
    assert found == {
        "services.propose", "services.edit", "services.submit", "services.withdraw", "decisions.approve",
        "decisions.reject", "decisions.edit", "decisions.apply_in_emergency", "decisions.review", "rebasing.rebase",
        "rebasing.revert", "rebasing.resubmit", "sets.tie", "sets.untie", "discussion.comment", "discussion.watch",
        "discussion.unwatch", "inbox.decide",
    }  # fmt: skip


def test_there_is_no_admin_site() -> None:
    assert not apps.is_installed("django.contrib.admin")
    root = somebody("root", Role.VIEWER)
    User.objects.filter(pk=root.pk).update(is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=root.pk))
    for address in ("", "login/", "people/user/", "changes/changerequest/add/", "connectors/connector/add/"):
        assert client.get(f"/admin/{address}").status_code == 404
    assert client.get("/policies/approval-policy/propose/").status_code == 403


def test_no_command_decides() -> None:
    ours = {name: app for name, app in get_commands().items() if app.split(".")[0] in ("portal", "connectors", "events",
                                                                                      "metrics", "severity")}  # fmt: skip
    assert ours, "the commands of the portal"
    for name, app in ours.items():
        source = inspect.getsource(importlib.import_module(f"{app}.management.commands.{name}"))
        assert "decisions" not in source, name
        assert "changes.applying" not in source, name
        assert "changes.services" not in source, name


def test_being_a_superuser_opens_nothing(stage: Stage) -> None:
    root = somebody("root", Role.VIEWER)
    User.objects.filter(pk=root.pk).update(is_superuser=True, is_staff=True)
    acting = Actor.of(User.objects.get(pk=root.pk), signed_in_at=database_now() - timedelta(seconds=1))
    for verb in stage.verbs():
        for own in sides(verb):
            opened = tried(stage, partial(by_service, stage, acting), verb, root, own=own)
            assert opened == (verb in ("comment", "watch")), verb
