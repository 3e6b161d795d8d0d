"""Rules of connectors as pure judgement: no database, no clock."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext_lazy as _

from connectors.versions import enough, least, needed, operations_of, reasons, version_of
from portal.policy.rules import BASELINE
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.rules import Floor

MAX_SCHEMA_BYTES = 64 * 1024
NON_TRIVIAL_NOTES = 40
_GOVERNED = {
    # Which agent may call what, and what it is that was approved for them to call.
    "allowlist": ("runtime_tool.allowlist", "runtime_tool.tool_pins"),
    "endpoint": (
        "runtime_tool.transport",
        "runtime_tool.endpoint",
        "runtime_tool.credential_ref",
        "runtime_tool.observation",
        "data_movement.source",
        "data_movement.destination",
        "data_movement.jobs_api",
    ),
    "retention": ("data_movement.retention_days",),
    "sensitivity": ("facets.approval_policy_hook.sensitivity_class",),
}
_SECRETS = ("runtime_tool.credential_ref", "data_movement.jobs_api.credential_ref")
_REASONS_TOLD = 5


def schema_problem(schema: object) -> str:
    """What is wrong with a JSON Schema, in one sentence; empty when nothing is."""
    if not isinstance(schema, dict | bool):
        return str(_("A JSON Schema is an object (or true / false)."))
    text = json.dumps(schema)
    if len(text) > MAX_SCHEMA_BYTES:
        return str(_("The schema is larger than %d kB.") % (MAX_SCHEMA_BYTES // 1024))
    if isinstance(schema, dict) and _remote_reference(schema):
        return str(_("A $ref may only point inside the schema itself (#/…)."))
    try:
        jsonschema_rs.validator_for(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return str(_("Not a valid JSON Schema: %s") % str(error).splitlines()[0][:300])
    return ""


def _remote_reference(node: object) -> bool:
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            for name in ("$ref", "$dynamicRef"):
                target = here.get(name)
                if isinstance(target, str) and not target.startswith("#"):
                    return True
            stack.extend(here.values())
        elif isinstance(here, list):
            stack.extend(here)
    return False


def across_facets(facets: Document) -> Iterator[tuple[str, str, Any, str]]:
    """The rules that span facets, as (facet, field, message, code); judged only where the facets concerned are sound."""
    contract = facets.get("contract")
    if contract is None:
        return
    operations = contract["operations"]
    writes = any(operation["effect"] == "write" for operation in operations)
    outside = any(operation.get("external_side_effect") for operation in operations)
    key, retry = facets.get("idempotency_key"), facets.get("retry")
    if key and key["location"] == "not_applicable" and writes:
        yield (
            "idempotency_key",
            "location",
            _("An operation writes, so an idempotency key is needed."),
            "idempotency_needed",
        )
    if retry and key and writes and int(retry["max_attempts"]) > 1 and key["location"] == "not_applicable":
        yield (
            "retry",
            "max_attempts",
            _("Writes may be retried only with an idempotency key."),
            "retry_without_key",
        )
    policy, notes = facets.get("approval_policy_hook"), facets.get("rollback_notes")
    costly = outside or (policy is not None and policy["reversibility_class"] != "R0")
    if notes and costly and len(notes["notes"].strip()) < NON_TRIVIAL_NOTES:
        yield (
            "rollback_notes",
            "notes",
            _("Say how to undo or compensate, in at least %d characters: not everything undoes itself here.")
            % NON_TRIVIAL_NOTES,
            "trivial_notes",
        )
    if policy:
        floor = floor_of({"facets": {"contract": contract, "approval_policy_hook": {**policy, "approval_class": "A0"}}})
        least, why = minimum_class(floor)
        if int(policy["approval_class"][1]) < least:
            yield (
                "approval_policy_hook",
                "approval_class",
                _("At least A%(least)d is needed: %(why)s.") % {"least": least, "why": why},
                "approval_below_minimum",
            )


def minimum_class(floor: Floor) -> tuple[int, str]:
    """The least approval level of these classes and the reason, by the table of the domain."""
    by_sensitivity = BASELINE.sensitivity_read_only if floor.read_only else BASELINE.sensitivity
    reasons = [
        (BASELINE.reversibility[floor.reversibility], f"R{floor.reversibility}"),
        (by_sensitivity[floor.sensitivity], f"S{floor.sensitivity}"),
        (1 if floor.external_side_effect else 0, str(_("external side effect"))),
    ]
    return max(reasons, key=lambda reason: reason[0])


def touched(before: Document | None, after: Document) -> frozenset[str]:
    """Which governed fields a change touches, by the names that the approval policy knows.

    Of a registration only where a secret is sent: nobody alone has the portal send one to an address of their choice.
    """
    if before is None:
        return frozenset({"endpoint"} if any(_at(after, path) for path in _SECRETS) else ())
    return frozenset(
        name for name, paths in _GOVERNED.items() if any(_at(before, path) != _at(after, path) for path in paths)
    )


def _at(document: Document, path: str) -> Any:
    here: Any = document
    for name in path.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    return here


def floor_of(document: Document) -> Floor:
    """The least classes that a connector's own facets demand of any change of it."""
    facets = document.get("facets") or {}
    policy = facets.get("approval_policy_hook") or {}
    operations = list(operations_of(document).values())
    return Floor(
        reversibility=int(policy.get("reversibility_class", "R0")[1]),
        sensitivity=int(policy.get("sensitivity_class", "S0")[1]),
        approval=int(policy.get("approval_class", "A0")[1]),
        external_side_effect=any(operation.get("external_side_effect") for operation in operations),
        read_only=all(operation.get("effect") == "read" for operation in operations),
    )


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """What stands against going from one document to the next: the version rule of the domain."""
    if before is None:
        return []
    path = "facets.version.number"
    old, new = (
        version_of(before["facets"]["version"]["number"]),
        version_of(after["facets"]["version"]["number"]),
    )
    assert old is not None
    assert new is not None
    if new < old:
        return [Problem(path, str(_("%(new)s is lower than %(old)s.") % {"new": new, "old": old}), "version_back")]
    found = reasons(before, after)
    bump = needed(found)
    if enough(old, new, bump):
        return []
    strongest = [one.message for one in found if one.level == bump]
    more = len(strongest) - _REASONS_TOLD
    told = "; ".join(strongest[:_REASONS_TOLD]) + ("; " + _("and %d more") % more if more > 0 else "")
    message = _("Needs a %(bump)s bump, %(least)s or higher: %(reason)s.") % {
        "bump": bump.words,
        "least": least(old, bump),
        "reason": told,
    }
    return [Problem(path, str(message), "version_bump")]
