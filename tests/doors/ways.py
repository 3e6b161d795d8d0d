"""The ways in: by service, by API, by page. Each says whether the door opened."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from rest_framework.test import APIClient

from portal.changes import decisions, discussion, rebasing, services, sets
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Forbidden
from portal.registry import kinds
from tests.doors.stage import Stage


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
        posted: dict[str, Any] = {"action": verb, "digest": changes[0].digest, "reason": "Because.", "text": "Hm."}
        posted["with"] = str(changes[-1].pk)
        posted["choose:description"] = "proposed"
        response = client.post(f"/changes/{changes[0].human_id}/", posted)
    assert response.status_code in (200, 302, 403), (verb, response.status_code)
    assert "sign-in" not in response.headers.get("Location", "")
    return response.status_code != 403
