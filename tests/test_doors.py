"""Who may do what, through every door. The table of roles is the one answer; a door that it does not name must not open.

What is expected is read from `portal.roles.TABLE` and the four-eyes rules alone: nobody decides on what is theirs, and only an
author works on a change. Each try is taken back.
"""

import importlib
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from portal.api.changes import ChangeViewSet
from portal.changes import decisions, discussion, rebasing, services, sets
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.people.requests import SIGNED_IN_AT
from portal.people.tokens import create_token
from portal.policy.documents import baseline_document
from portal.refusals import Forbidden
from portal.registry import kinds
from portal.roles import TABLE, ActorType, Permission, Role
from portal.web.views.review import Review
from tests.documents import data_movement_document, put, runtime_tool_document
from tests.people import actor, team
from tests.registering import EVIDENCE, SIGNERS

pytestmark = pytest.mark.django_db
OWN, THEIRS = True, False
AUTHORS_VERBS = ("edit", "submit", "withdraw", "rebase", "resubmit", "untie", "tie")
DECIDING = ("approve", "reject", "amend", "emergency", "review")
DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "runtime_tool": runtime_tool_document,
    "data_movement": data_movement_document,
    "approval_policy": lambda: baseline_document() | {"owner": "crm-team"},
}


def granted(permission: Permission, role: Role, actor_type: ActorType) -> bool:
    """What the table says, read here and not by `may`."""
    grant = TABLE[permission]
    return role in grant.roles and actor_type in grant.actor_types


def expected(verb: str, kind: str, role: Role, actor_type: ActorType, *, own: bool, token: bool) -> bool:
    """Whether this door should open."""
    proposes = granted(kinds.get(kind).proposers, role, actor_type)
    if verb in ("propose", "revert"):
        return proposes
    if verb in AUTHORS_VERBS:
        return own and proposes and (verb != "tie" or granted(Permission.PROPOSE, role, actor_type))
    if verb == "comment":
        return granted(Permission.COMMENT, role, actor_type)
    if verb == "watch":
        return granted(Permission.VIEW, role, actor_type)
    assert verb in DECIDING
    signs = granted(Permission.SIGN, role, actor_type) and not own
    # The strictest class asks for the password, which no token gives.
    strictest = verb == "emergency" or (verb == "approve" and kind == "approval_policy")
    if verb == "emergency" and role != Role.EXECUTIVE:
        return False
    return signs and not (strictest and token)


@dataclass
class Stage:
    """One kind with a standing object at version 2, and a change for every verb."""

    kind: str
    key: str = ""
    changes: dict[str, list[ChangeRequest]] = field(default_factory=dict)

    def document(self, words: str) -> dict[str, Any]:
        return put(DOCUMENTS[self.kind](), "description", words)

    def drafted(self, words: str, **more: Any) -> ChangeRequest:
        by = "adam" if self.kind == "approval_policy" else "amal"
        draft = Draft(document=self.document(words) | more, evidence=EVIDENCE)
        return services.propose(actor=actor(by), kind_name=self.kind, key="", draft=draft, now=database_now())

    def sent(self, words: str) -> ChangeRequest:
        change = self.drafted(words)
        return services.submit(actor=actor(change.author.username), change_id=change.pk, now=database_now())

    def applied(self, words: str) -> None:
        change = self.sent(words)
        told: dict[str, Any] = {"change_id": change.pk, "digest": change.digest}
        for name in SIGNERS[change.required_class]:
            decisions.approve(actor=actor(name), now=database_now(), **told)

    def set_up(self) -> "Stage":
        team()
        self.key = DOCUMENTS[self.kind]()["key"]
        self.applied("First.")
        moved = self.drafted("Moved.")
        self.applied("Second.")
        waiting = self.sent("Wanted.")
        self.changes = {verb: [waiting] for verb in ("approve", "reject", "amend", "emergency", "comment", "watch")}
        draft = self.drafted("Draft.")
        self.changes |= {verb: [draft] for verb in ("edit", "submit", "withdraw")}
        self.changes["rebase"] = [moved]
        rejected = self.sent("Rejected.")
        told: dict[str, Any] = {"change_id": rejected.pk, "digest": rejected.digest, "reason": "No."}
        decisions.reject(actor=actor("huda"), now=database_now(), **told)
        self.changes["resubmit"] = [rejected]
        if not kinds.get(self.kind).single:
            pair = [self.drafted("Tied."), self.drafted("Tied.", key="another")]
            self.changes["tie"] = pair
            bound = [self.drafted("Bound."), self.drafted("Bound.", key="yet-another")]
            sets.tie(actor=actor("amal"), change_ids=[one.pk for one in bound], summary="", now=database_now())
            self.changes["untie"] = bound[:1]
        # Applied in an emergency when its turn comes: what else was made from this version stays as it is.
        _somebody("zaid", Role.EXECUTIVE)
        self.changes["review"] = [self.sent("Fire.")]
        return self

    def verbs(self) -> list[str]:
        return ["propose", "revert", *self.changes]

    def ready(self, verb: str, who: User, *, own: bool) -> list[ChangeRequest]:
        """The change, by this person if `own`."""
        changes = self.changes.get(verb, [])
        if verb == "review":
            told: dict[str, Any] = {"change_id": changes[0].pk, "digest": changes[0].digest, "reason": "Fire."}
            zaid = Actor.of(User.objects.get(username="zaid"), signed_in_at=database_now())
            decisions.apply_in_emergency(actor=zaid, now=database_now(), **told)
        ChangeRequest.objects.filter(pk__in=[one.pk for one in changes]).update(
            **({"author": who} if own else {}), apply_after=None
        )
        return changes


def _somebody(name: str, role: Role) -> User:
    return User.objects.get_or_create(username=name, defaults={"roles": [role.value]})[0]


def by_service(stage: Stage, who: Actor, verb: str, changes: list[ChangeRequest]) -> bool:
    told: dict[str, Any] = {"actor": who, "now": database_now()}
    one: dict[str, Any] = {"change_id": changes[0].pk} if changes else {}
    digest: dict[str, Any] = {"digest": changes[0].digest, "reason": "Because."} if changes else {}
    draft = Draft(document=stage.document("Anew."))
    calls: dict[str, Callable[[], Any]] = {
        "propose": lambda: services.propose(kind_name=stage.kind, key=stage.key, draft=draft, **told),
        "revert": lambda: rebasing.revert(kind_name=stage.kind, key=stage.key, version=1, **told),
        "edit": lambda: services.edit(draft=draft, **one, **told),
        "submit": lambda: services.submit(**one, **told),
        "withdraw": lambda: services.withdraw(**one, **told),
        "rebase": lambda: rebasing.rebase(choices={"description": "proposed"}, **one, **told),
        "resubmit": lambda: rebasing.resubmit(**one, **told),
        "tie": lambda: sets.tie(change_ids=[change.pk for change in changes], summary="", **told),
        "untie": lambda: sets.untie(**one, **told),
        "approve": lambda: decisions.approve(**one, **digest, **told),
        "reject": lambda: decisions.reject(**one, **digest, **told),
        "amend": lambda: decisions.edit(draft=draft, **one, **digest, **told),
        "emergency": lambda: decisions.apply_in_emergency(**one, **digest, **told),
        "review": lambda: decisions.review(**one, **digest, **told),
        "comment": lambda: discussion.comment(text="Hm.", **one, **told),
        "watch": lambda: discussion.watch(**one, **told),
    }
    try:
        calls[verb]()
    except Forbidden:
        return False
    return True


def by_api(stage: Stage, client: APIClient, verb: str, changes: list[ChangeRequest]) -> bool:
    base = "/api/v1/changes/"
    document = stage.document("Anew.")
    at = f"{base}{changes[0].pk}/" if changes else base
    decision = {"digest": changes[0].digest, "reason": "Because."} if changes else {}
    send = client.patch if verb == "edit" else client.post
    address, body = {
        "propose": (base, {"kind": stage.kind, "key": stage.key, "document": document}),
        "edit": (at, {"document": document}),
        "amend": (f"{at}edit/", {"document": document} | decision),
        "rebase": (f"{at}rebase/", {"choices": {"description": "proposed"}}),
        "tie": (f"{base}tie/", {"changes": [change.human_id for change in changes], "summary": "Both"}),
        "comment": (f"{at}comments/", {"text": "Hm."}),
        **{name: (f"{at}{name}/", {}) for name in ("submit", "withdraw", "resubmit", "untie", "watch")},
        **{name: (f"{at}{name}/", decision) for name in ("approve", "reject", "emergency", "review")},
    }[verb]
    response = send(address, body, format="json")
    assert response.status_code < 300 or response.status_code == 403, (verb, response.status_code, response.content)
    return response.status_code < 300


def by_page(stage: Stage, client: Client, verb: str, changes: list[ChangeRequest]) -> bool:
    pages = kinds.get(stage.kind).pages
    entry = f"/{pages}/{stage.key}/"
    if verb == "propose":
        response = client.get(f"{entry}propose/")
    elif verb == "revert":
        response = client.post(f"{entry}restore/", {"version": "1"})
    elif verb == "amend":
        response = client.get(f"/changes/{changes[0].human_id}/amend/")
    elif verb == "edit":
        response = client.post(f"/changes/{changes[0].human_id}/edit/", {"name": "Anew"})
    else:
        posted = {"action": verb, "digest": changes[0].digest, "reason": "Because.", "text": "Hm."}
        posted["choose:description"] = "proposed"
        response = client.post(f"/changes/{changes[0].human_id}/", posted)
    assert response.status_code in (200, 302, 403), (verb, response.status_code)
    assert "sign-in" not in response.headers.get("Location", "")
    return response.status_code != 403


# Both kinds of connector go through the same code: one of them every time, the other under chaos.
@pytest.fixture(params=["runtime_tool", "approval_policy", pytest.param("data_movement", marks=pytest.mark.chaos)])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Every kind that there is."""
    return Stage(request.param).set_up()


def test_no_kind_is_left_out() -> None:
    assert set(DOCUMENTS) >= {kind.name for kind in kinds.all_kinds()}


def people() -> dict[Role, User]:
    """One person of every role, who had no part in anything yet."""
    return {role: _somebody(f"the-{role.value}", role) for role in Role}


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
            if verb == "tie":
                continue
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


def test_every_door_is_in_the_matrix() -> None:
    extra: list[Any] = ChangeViewSet.get_extra_actions()
    api = {action.__name__ for action in extra if set(action.mapping) != {"get"}}
    assert api == {"validate", "submit", "withdraw", "approve", "edit", "reject", "emergency", "review", "rebase",
                   "resubmit", "untie", "tie"}  # fmt: skip
    view: Any = Review()
    view.request = type("Request", (), {"POST": {}})()
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

    inner = {"services.require", "services.own", "services.drafted", "services.commit", "decisions.refusal_to_decide"}
    found = {name for module in (services, decisions, rebasing, sets, discussion) for name in named(module)} - inner
    assert found == {
        "services.propose", "services.edit", "services.submit", "services.withdraw", "decisions.approve",
        "decisions.reject", "decisions.edit", "decisions.apply_in_emergency", "decisions.review", "rebasing.rebase",
        "rebasing.revert", "rebasing.resubmit", "sets.tie", "sets.untie", "discussion.comment", "discussion.watch",
        "discussion.unwatch",
    }  # fmt: skip


def test_the_admin_site_writes_nothing_of_a_registry() -> None:
    closed = {"changes", "policy", "connectors", "registry", "audit", "outbox", "severity"}
    assert not [model for model in admin.site._registry if model._meta.app_label in closed]
    root = _somebody("root", Role.VIEWER)
    User.objects.filter(pk=root.pk).update(is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=root.pk))
    for address in ("changes/changerequest", "connectors/connector", "policy/approvalpolicy"):
        assert client.get(f"/admin/{address}/add/").status_code == 404
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
    root = _somebody("root", Role.VIEWER)
    User.objects.filter(pk=root.pk).update(is_superuser=True, is_staff=True)
    acting = Actor.of(User.objects.get(pk=root.pk), signed_in_at=database_now() - timedelta(seconds=1))
    for verb in stage.verbs():
        for own in sides(verb):
            opened = tried(stage, partial(by_service, stage, acting), verb, root, own=own)
            assert opened == (verb in ("comment", "watch")), verb
