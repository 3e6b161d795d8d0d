"""How the demo's documents are put together."""

from typing import Any

from portal.registry.documents import Document

MINUTE, HOUR, DAY = 60, 3600, 86400
AUDIT_FIELDS = {
    "actor": "context.user.id",
    "actor_type": "context.actor_type",
    "action": "operation.name",
    "entity_id": "arguments.id",
    "tenant_id": "context.tenant",
    "correlation_id": "context.correlation_id",
    "trace_id": "traceparent",
    "approval_class": "policy.class",
    "timestamp": "clock.utcnow",
}
HEADER_KEY = {
    "location": "header",
    "name": "Idempotency-Key",
    "derivation": "sha256 of tenant, operation and request id",
    "dedupe_window_seconds": DAY,
}
META_KEY = HEADER_KEY | {"location": "_meta", "name": "portal.example/idempotency-key"}
NO_KEY = {"location": "not_applicable", "name": "", "derivation": "", "dedupe_window_seconds": 0}


def schema(required: str = "", /, **properties: Any) -> Document:
    """An object schema; a property is a type's name or a schema, `required` names are parted by blanks."""
    made: Document = {
        "type": "object",
        "properties": {name: {"type": kind} if isinstance(kind, str) else kind for name, kind in properties.items()},
    }
    return made | ({"required": required.split()} if required else {})


def operation(
    name: str,
    description: str,
    takes: Document,
    gives: Document | None = None,
    *,
    effect: str = "read",
    outside: bool = False,
    errors: tuple[tuple[str, str, bool], ...] = (("unavailable", "The system does not answer; try later.", True),),
) -> Document:
    """One operation of a contract; `errors` are (code, meaning, worth a retry)."""
    return {
        "name": name,
        "description": description,
        "effect": effect,
        "external_side_effect": outside,
        "input_schema": takes,
        "output_schema": gives or {"type": "object"},
        "errors": [{"code": code, "meaning": meaning, "retryable": again} for code, meaning, again in errors],
    }


def facets(
    stem: str,
    operations: list[Document],
    *,
    classes: str,
    notes: str,
    key: Document | None = None,
    version: str = "1.0.0",
    timeout: tuple[float, float, float] = (3.0, 10.0, 45.0),
) -> Document:
    """All nine; `classes` is like "A1 R1 S2", `timeout` is connect, read and total seconds."""
    approval, reversibility, sensitivity = classes.split()
    connect, read, total = timeout
    return {
        "contract": {"operations": operations},
        "version": {"number": version},
        "retry": {
            "max_attempts": 3,
            "backoff": "exponential",
            "base_delay_seconds": 0.5,
            "max_delay_seconds": 30.0,
            "jitter": True,
            "retried_on": ["timeout", "429", "503"],
        },
        "timeout": {"connect_seconds": connect, "read_seconds": read, "total_seconds": total},
        "idempotency_key": key or NO_KEY,
        "approval_policy_hook": {
            "approval_class": approval,
            "reversibility_class": reversibility,
            "sensitivity_class": sensitivity,
            "hook": "facades.approvals.require",
        },
        "audit_field_mapping": AUDIT_FIELDS,
        "observability_hooks": {
            "log_event": f"{stem}.call",
            "metric_names": [f"{stem}_calls_total", f"{stem}_call_seconds"],
            "span_name": f"{stem}.call",
            "carried_ids": ["trace_id", "span_id", "correlation_id"],
        },
        "rollback_notes": {"notes": notes},
    }


def sla(start: int, deadline: int, *, stall: int = 300, escalation: int = 1800) -> Document:
    """The clocks of a task, in seconds."""
    return {
        "start_seconds": start,
        "deadline_seconds": deadline,
        "stall_seconds": stall,
        "input_seconds": HOUR,
        "blind_seconds": 120,
        "escalation_seconds": escalation,
    }


# What code may import in the facade alone.
VENDORS: dict[str, Document] = {
    "crm-lookups": {"python_packages": ["simple_salesforce"], "npm_packages": ["@salesforce/core", "jsforce"]},
    "billing-statements": {"python_packages": ["stripe"], "npm_packages": ["stripe"]},
    "customer-messaging": {"python_packages": ["twilio"], "npm_packages": ["twilio"]},
    "model-provider": {"python_packages": ["openai"], "npm_packages": ["openai"]},
    "ticketing": {"python_packages": ["zenpy"], "npm_packages": ["node-zendesk"]},
}
# What readers of Arabic call some of them.
ARABIC: dict[str, Document] = {
    "crm-lookups": {
        "name_ar": "الاستعلام عن العملاء",
        "description_ar": "يقرأ الحسابات وجهات الاتصال والصفقات لوكلاء الدعم والمبيعات.",
    },
    "billing-statements": {
        "name_ar": "كشوف الفواتير",
        "description_ar": "يقرأ الفواتير والأرصدة من نظام الفوترة، ولا يكتب فيه أبدًا.",
    },
    "customer-messaging": {
        "name_ar": "مراسلة العملاء",
        "description_ar": "يرسل رسائل بريد ورسائل نصية من قوالب إلى عملاء وافقوا عليها.",
    },
    "document-signing": {
        "name_ar": "توقيع المستندات",
        "description_ar": "يرسل العقود للتوقيع الإلكتروني، والتوقيع مُلزم للشركة.",
    },
}
GOING: dict[str, Document] = {
    "ticketing": {"sunset_on": "2027-06-30", "note": "The new desk takes the same calls; its connector is on its way."},
}


def tool(
    key: str,
    name: str,
    description: str,
    owner: str,
    the_facets: Document,
    endpoint: str,
    agents: dict[str, list[str]],
    *,
    credential: str = "",
    clocks: Document | None = None,
    transport: str = "streamable_http",
    customer_impacting: bool = False,
) -> Document:
    """A runtime tool; `agents` maps an agent to the operations it may call."""
    return {
        "key": key,
        "name": name,
        "description": description,
        "owner": owner,
        **ARABIC.get(key, {}),
        "customer_impacting": customer_impacting,
        "facade": {"module": f"facades.{key.replace('-', '_')}"} | VENDORS.get(key, {}),
        "deprecation": GOING.get(key, {}),
        "facets": the_facets,
        "runtime_tool": {
            "transport": transport,
            "endpoint": endpoint,
            "credential_ref": credential,
            "allowlist": [
                {"agent": agent, "operations": names, "environments": ["staging", "canary", "prod"]}
                for agent, names in agents.items()
            ],
            "tool_pins": [],
            "task_sla": clocks or sla(60, 900),
        },
    }


def sync(
    key: str,
    name: str,
    description: str,
    owner: str,
    route: tuple[Document, Document],
    schedule: str,
    freshness: int,
    retention_days: int,
    steps: list[str],
    *,
    classes: str = "A1 R1 S2",
    customer_impacting: bool = False,
) -> Document:
    """A data movement: `route` is source and destination, `freshness` in seconds."""
    stem = key.replace("-", "_")
    source, destination = route
    operations = [
        operation(
            "run_sync",
            f"Loads what is new in {source['system']} into {destination['system']}.",
            schema(streams={"type": "array", "items": {"type": "string"}}, since={"type": "string"}),
            schema("rows", rows="integer", cursor="string"),
            effect="write",
            errors=(
                ("source_unavailable", "The source does not answer; the next run catches up.", True),
                ("schema_changed", "A column has changed; see the backfill runbook.", False),
            ),
        ),
        operation("check_source", "Says whether the source can be read.", schema(), schema("ok", ok="boolean")),
    ]
    notes = (
        f"Loads are appended by cursor. Pause the schedule, delete the rows of the bad window from "
        f"{destination['dataset']} by their load id, reset the cursor and run the window again."
    )
    return {
        "key": key,
        "name": name,
        "description": description,
        "owner": owner,
        **ARABIC.get(key, {}),
        "customer_impacting": customer_impacting,
        "facets": facets(
            stem,
            operations,
            classes=classes,
            notes=notes,
            key=HEADER_KEY | {"derivation": "sha256 of sync, stream and cursor window"},
            timeout=(5.0, 300.0, 3600.0),
        ),
        "data_movement": {
            "source": source,
            "destination": destination,
            "schedule": schedule,
            "time_zone": "Asia/Riyadh",
            "freshness_seconds": freshness,
            "retention_days": retention_days,
            "backfill_runbook": {
                "summary": f"After a change of {source['system']}'s schema or a lost window; team {owner}.",
                "steps": steps,
            },
        },
    }


def place(system: str, dataset: str, *streams: str) -> Document:
    """One end of a data movement."""
    return {"system": system, "dataset": dataset, "streams": list(streams)}
