"""Whole, sound documents of connectors for tests; every test changes what it is about."""

from copy import deepcopy
from typing import Any

Document = dict[str, Any]

_FACETS: Document = {
    "contract": {
        "operations": [
            {
                "name": "lookup_customer",
                "description": "Finds a customer by number.",
                "effect": "read",
                "external_side_effect": False,
                "input_schema": {
                    "type": "object",
                    "properties": {"customer_id": {"type": "string"}},
                    "required": ["customer_id"],
                },
                "output_schema": {"type": "object"},
                "errors": [{"code": "not_found", "meaning": "No customer has this number.", "retryable": False}],
            }
        ]
    },
    "version": {"number": "1.0.0"},
    "retry": {
        "max_attempts": 3,
        "backoff": "exponential",
        "base_delay_seconds": 0.5,
        "max_delay_seconds": 10.0,
        "jitter": True,
        "retried_on": ["timeout", "503"],
    },
    "timeout": {"connect_seconds": 2.0, "read_seconds": 8.0, "total_seconds": 30.0},
    "idempotency_key": {
        "location": "header",
        "name": "Idempotency-Key",
        "derivation": "sha256 of tenant, operation and request",
        "dedupe_window_seconds": 86400,
    },
    "approval_policy_hook": {
        "approval_class": "A1",
        "reversibility_class": "R0",
        "sensitivity_class": "S1",
        "hook": "facades.approvals.require",
    },
    "audit_field_mapping": {
        name: f"context.{name}"
        for name in (
            "actor",
            "actor_type",
            "action",
            "entity_id",
            "tenant_id",
            "correlation_id",
            "trace_id",
            "approval_class",
            "timestamp",
        )
    },
    "observability_hooks": {
        "log_event": "crm.call",
        "metric_names": ["crm_calls_total"],
        "span_name": "crm.call",
        "carried_ids": ["trace_id", "span_id", "correlation_id"],
    },
    "rollback_notes": {"notes": "Reads only; there is nothing to undo, and a call can be repeated at any time."},
}


def put(document: Document, path: str, value: Any) -> Document:
    """The document with the value at a dotted path (`facets.retry.max_attempts`, numbers index lists)."""
    *steps, last = path.split(".")
    node: Any = document
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return document


def without(document: Document, path: str) -> Document:
    """The document without what is at a dotted path."""
    *steps, last = path.split(".")
    node: Any = document
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    del node[last]
    return document


def _document(key: str, changes: dict[str, Any], profile: Document) -> Document:
    document: Document = {
        "key": key,
        "name": key.replace("-", " ").title(),
        "description": "What the tests register.",
        "owner": "crm-team",
        "customer_impacting": False,
        "facade": {"module": "", "python_packages": [], "npm_packages": []},
        "deprecation": {"sunset_on": "", "replaced_by": "", "note": ""},
        "facets": deepcopy(_FACETS),
        **profile,
    }
    for path, value in changes.items():
        put(document, path, value)
    return document


def runtime_tool_document(key: str = "crm-lookup", changes: dict[str, Any] | None = None) -> Document:
    """A runtime tool at 9/9 that asks for A1; `changes` are dotted paths with values."""
    profile = {
        "runtime_tool": {
            "transport": "streamable_http",
            "endpoint": "http://127.0.0.1:9/mcp",
            "credential_ref": "",
            "allowlist": [
                {"agent": "support-agent", "operations": ["lookup_customer"], "environments": ["dev", "prod"]}
            ],
            "tool_pins": [],
            "task_sla": {
                "start_seconds": 60,
                "deadline_seconds": 900,
                "stall_seconds": 300,
                "input_seconds": 3600,
                "blind_seconds": 120,
                "escalation_seconds": 1800,
            },
        }
    }
    return _document(key, changes or {}, profile)


def data_movement_document(key: str = "crm-warehouse", changes: dict[str, Any] | None = None) -> Document:
    """A data movement at 9/9 that asks for A1; `changes` are dotted paths with values."""
    profile = {
        "data_movement": {
            "source": {"system": "CRM", "dataset": "crm", "streams": ["accounts", "contacts"]},
            "destination": {"system": "Warehouse", "dataset": "raw.crm", "streams": []},
            "schedule": "0 */2 * * *",
            "time_zone": "Asia/Riyadh",
            "freshness_seconds": 10800,
            "retention_days": 730,
            "backfill_runbook": {
                "summary": "After a change of the source's schema; the data platform team.",
                "steps": ["Pause the schedule", "Reset the cursor", "Run the window", "Compare row counts"],
            },
            "jobs_api": {"url": "", "connection": "", "credential_ref": ""},
        }
    }
    return _document(key, changes or {}, profile)


def write_operation(name: str = "update_customer", *, external: bool = False) -> Document:
    """An operation that writes."""
    return {
        "name": name,
        "description": "Changes a customer.",
        "effect": "write",
        "external_side_effect": external,
        "input_schema": {"type": "object"},
        "output_schema": {"type": "object"},
        "errors": [{"code": "refused", "meaning": "The system refused it.", "retryable": False}],
    }
