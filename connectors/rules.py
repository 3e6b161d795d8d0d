"""Rules of connectors as pure judgement: no database, no clock."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext_lazy as _
from semver import Version

from portal.policy.rules import BASELINE
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.rules import Floor

MAX_SCHEMA_BYTES = 64 * 1024
NON_TRIVIAL_NOTES = 40
_MAJOR, _MINOR, _PATCH, _NONE = 3, 2, 1, 0
_GOVERNED = {
    "allowlist": ("runtime_tool.allowlist",),
    "endpoint": (
        "runtime_tool.transport",
        "runtime_tool.endpoint",
        "runtime_tool.credential_ref",
        "data_movement.source",
        "data_movement.destination",
    ),
    "retention": ("data_movement.retention_days",),
    "sensitivity": ("facets.approval_policy_hook.sensitivity_class",),
}
_BUMP_NAMES = {_MAJOR: _("major"), _MINOR: _("minor"), _PATCH: _("patch")}


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


def version_of(text: object) -> Version | None:
    """The semantic version, or None if it is not one."""
    try:
        return Version.parse(str(text))
    except (ValueError, TypeError):
        return None


def _operations(document: Document) -> dict[str, Document]:
    contract = (document.get("facets") or {}).get("contract") or {}
    return {operation["name"]: operation for operation in contract.get("operations") or []}


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
    """Which governed fields a change touches, by the names that the approval policy knows; none for a registration."""
    if before is None:
        return frozenset()
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
    operations = list(_operations(document).values())
    return Floor(
        reversibility=int(policy.get("reversibility_class", "R0")[1]),
        sensitivity=int(policy.get("sensitivity_class", "S0")[1]),
        approval=int(policy.get("approval_class", "A0")[1]),
        external_side_effect=any(operation.get("external_side_effect") for operation in operations),
        read_only=all(operation.get("effect") == "read" for operation in operations),
    )


def _covers(wider: Any, narrower: Any) -> bool:
    """Whether every value of `narrower` is one of `wider`; what cannot be decided counts as no."""
    if wider == narrower:
        return True
    try:
        answer = jsonschema_rs.canonicalize(wider).covers(jsonschema_rs.canonicalize(narrower))
    except (ValueError, jsonschema_rs.canonical.CanonicalizationError, jsonschema_rs.ReferencingError):
        return False
    return answer is jsonschema_rs.canonical.Containment.YES


def needed_bump(before: Document, after: Document) -> tuple[int, str]:
    """How far the contract version must move between two documents, and the strongest reason."""
    old, new = _operations(before), _operations(after)
    reasons = [(_MAJOR, str(_("operation %s is removed") % name)) for name in old.keys() - new.keys()]
    reasons += [(_MINOR, str(_("operation %s is new") % name)) for name in new.keys() - old.keys()]
    reasons += [_operation_bump(name, old[name], new[name]) for name in old.keys() & new.keys()]
    changed = {
        facet
        for facet in {**before["facets"], **after["facets"]}
        if facet != "version" and before["facets"].get(facet) != after["facets"].get(facet)
    }
    if changed:
        reasons.append((_PATCH, str(_("facets changed: %s") % ", ".join(sorted(changed)))))
    return max(reasons, key=lambda reason: reason[0], default=(_NONE, ""))


def _operation_bump(name: str, old: Document, new: Document) -> tuple[int, str]:
    if old["effect"] == "read" and new["effect"] == "write":
        return _MAJOR, str(_("operation %s turns from read into write") % name)
    if not _covers(new["input_schema"], old["input_schema"]):
        return _MAJOR, str(_("operation %s refuses input that it accepted") % name)
    if not _covers(old["output_schema"], new["output_schema"]):
        return _MAJOR, str(_("operation %s answers in ways it did not") % name)
    if (old["input_schema"], old["output_schema"]) != (new["input_schema"], new["output_schema"]):
        return _MINOR, str(_("operation %s takes or answers more") % name)
    if old != new:
        return _PATCH, str(_("operation %s is described anew") % name)
    return _NONE, ""


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
    bump, reason = needed_bump(before, after)
    least = {_NONE: old, _PATCH: old.bump_patch(), _MINOR: old.bump_minor(), _MAJOR: old.bump_major()}[bump]
    if new < least:
        message = _("Needs a %(bump)s bump, %(least)s or higher: %(reason)s.") % {
            "bump": _BUMP_NAMES[bump],
            "least": least,
            "reason": reason,
        }
        return [Problem(path, str(message), "version_bump")]
    return []
