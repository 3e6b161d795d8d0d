"""What tests of changes say over and over: who decides what, and which refusal it meets."""

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.policy.documents import KEY, baseline_document
from portal.policy.models import ApprovalPolicy
from portal.refusals import Refusal
from tests.documents import put, runtime_tool_document
from tests.people import actor, team
from tests.registering import EVIDENCE, approved

HOOK = "facets.approval_policy_hook"


def refusal(what: type[Refusal], call: Any, **told: Any) -> Refusal:
    """The refusal that a service answers with; nothing it wrote stays."""
    with pytest.raises(what) as caught, transaction.atomic():
        call(**({"now": database_now()} | told))
    return caught.value


def classed(approval: str, reversibility: str, sensitivity: str = "S1", key: str = "crm-lookup") -> dict[str, Any]:
    """A runtime tool of these classes."""
    return runtime_tool_document(
        key,
        {
            f"{HOOK}.approval_class": approval,
            f"{HOOK}.reversibility_class": reversibility,
            f"{HOOK}.sensitivity_class": sensitivity,
        },
    )


def described(text: str, document: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The same document with another description and other top-level values."""
    return put(document or runtime_tool_document(), "description", text) | more


def edited(change: ChangeRequest, document: dict[str, Any], by: str = "amal", **draft: Any) -> ChangeRequest:
    """The change after its author edited it."""
    wanted = Draft(document=document, **draft)
    return services.edit(actor=actor(by), change_id=change.pk, draft=wanted, now=database_now())


def amended(change: ChangeRequest, document: dict[str, Any], by: str = "lina", **draft: Any) -> ChangeRequest:
    """The change after an approver edited it."""
    change.refresh_from_db()
    wanted = Draft(document=document, **draft)
    return decisions.edit(
        actor=actor(by), change_id=change.pk, digest=change.digest, draft=wanted, now=database_now(), reason="Clearer."
    )


def signed(change: ChangeRequest, *names: str) -> ChangeRequest:
    """The change as it stands after these people signed what it holds now."""
    change.refresh_from_db()
    return approved(change, *names)


def policy_change(*changes: tuple[str, Any], by: str = "adam", now: datetime | None = None) -> ChangeRequest:
    """A submitted change of the policy that stands, or of the domain's own table; the pairs are paths with values."""
    team()
    standing = ApprovalPolicy.objects.first()
    document = dict(standing.document) if standing else baseline_document() | {"owner": "crm-team"}
    for path, value in changes:
        put(document, path, value)
    now = now or database_now()
    draft = Draft(document=document, evidence=EVIDENCE)
    change = services.propose(actor=actor(by), kind_name="approval_policy", key=KEY, draft=draft, now=now)
    return services.submit(actor=actor(by), change_id=change.pk, now=now)


def tightened(*changes: tuple[str, Any]) -> ApprovalPolicy:
    """The policy after a change of it was signed by a lead and an executive."""
    applied = approved(policy_change(*changes), "omar", "khalid")
    assert applied.state == "applied", applied.state
    return ApprovalPolicy.objects.get()
