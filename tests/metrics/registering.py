"""Metrics, brought into being through real changes."""

from typing import Any

from metrics.models import Metric
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.models import Team
from portal.roles import Role
from tests.events.registering import signed
from tests.people import actor, team, user
from tests.registering import EVIDENCE


def metric_document(key: str = "revenue_sar", **more: Any) -> dict[str, Any]:
    """A metric."""
    return {
        "key": key,
        "name": "Recognized revenue",
        "label_ar": "الإيرادات المعترف بها",
        "description": "Revenue that was recognized in the period, without tax.",
        "definition_ar": "الإيرادات المعترف بها خلال الفترة دون الضريبة.",
        "owner": "crm-team",
        "primary_source": "Billing system of record",
        "unit": "SAR",
        "type": "amount",
        "since": "2026-01-01",
        "grain": "month",
        "dimensions": ["region"],
        "expression": "",
        "related": [],
        "replaced_by": "",
        "remove_after": "",
        "certified_until": "",
    } | more


def alive(key: str = "crm-team") -> Team:
    """A team with somebody in it, who is nobody of the others."""
    found = team(key)
    found.members.add(user("maha", Role.VIEWER))
    return found


def changed(document: dict[str, Any], *, by: str = "amal", **draft: Any) -> ChangeRequest:
    """A submitted change of a metric."""
    alive(document["owner"])
    wanted = Draft(document=document, evidence=EVIDENCE, **draft)
    change = services.propose(
        actor=actor(by), kind_name="metric", key=document["key"], draft=wanted, now=database_now()
    )
    return services.submit(actor=actor(by), change_id=change.pk, now=database_now())


def metric(key: str = "revenue_sar", **more: Any) -> Metric:
    """A metric that stands."""
    signed(changed(metric_document(key, **more)))
    return Metric.objects.get(key=key)
