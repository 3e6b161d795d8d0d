"""The release of the demo: checkpoints that pass and one that fails, workflows, a candidate from CI, a V2 under an exception."""

from datetime import datetime, timedelta
from typing import Any

from metrics.quality.taking import Report, take
from portal.people.models import Team, User
from portal.registry.documents import Document
from portal.roles import ActorType, Role
from severity.claims.services import Reported, report
from severity.demo.people import actor
from severity.models import Incident
from severity.opening import Found, open_incident
from severity.readiness import Dimension
from severity.releases import services
from severity.releases.services import Statement
from severity.rules import DECLARED, Level

CI = "ci"
KEY = "r-2026.12"
COMMIT = "8be4aa9f0c6d1b2e3a4958676f5e4d3c2b1a0f9e"
_CHECKPOINTS = (
    ("invoices-daily", "Invoices, every day", "invoices", ("row-count", "amount-not-null")),
    ("accounts-nightly", "CRM accounts, every night", "accounts", ("account-id-unique",)),
    ("ad-spend-daily", "Advertising spend, every day", "ad-spend", ("cost-in-range",)),
)
_WORKFLOWS = (
    ("monthly-statement", "Monthly statement", "Sends each customer what was invoiced.", ["invoices"]),
    ("attribution-model", "Attribution model", "Learns what advertising brought in.", ["ad-spend", "accounts"]),
)
_SAID = (
    (Dimension.DOCS_TRUTH, "ok", "", "Documents were read against the facade"),
    (Dimension.SCHEMA_ADHERENCE, "ok", "", "Replay of a week of events"),
    (Dimension.CONTRADICTION_BACKLOG, "ok", "", "Backlog looked through with the agents' owners"),
    (
        Dimension.SECURITY_CHECKLIST,
        "risk",
        "One finding of the review is open: rotate the demo token.",
        "Security review",
    ),
    (Dimension.REGULATORY_CONTROLS, "ok", "", "Control list of the quarter"),
    (Dimension.PROVENANCE, "ok", "", "Attestation of CI"),
)


def documents() -> list[Document]:
    """Checkpoints and workflows, in the order in which they are registered."""
    checkpoints: list[Document] = [
        {
            "key": key,
            "name": name,
            "description": f"Whether {name.partition(',')[0].lower()} hold what they must.",
            "owner": "data-platform",
            "dataset": dataset,
            "dimension": Dimension.DATA_QUALITY.value,
            "tool": "generic",
            "definitions": [{"name": one, "suite": "", "asset": ""} for one in definitions],
            "max_age_minutes": 2880,
        }
        for key, name, dataset, definitions in _CHECKPOINTS
    ]
    workflows: list[Document] = [
        {"key": key, "name": name, "description": told, "owner": "data-platform", "consumes": consumes, "address": ""}
        for key, name, told, consumes in _WORKFLOWS
    ]
    return [*checkpoints, *workflows]


def _machine() -> None:
    User.objects.create(
        username=CI, first_name="CI", roles=[Role.ENGINEER.value], actor_type=ActorType.AUTOMATED_WORKFLOW.value,
        accountable=User.objects.get(username="lead"),
    )  # fmt: skip


def tell(now: datetime) -> None:
    """Last night's results, the candidate with its attestation and rows, and something that customers see."""
    _machine()
    for key, _name, _dataset, definitions in _CHECKPOINTS:
        failed = key == "ad-spend-daily"
        ran = now - timedelta(hours=4)
        checks = [
            {
                "definition": one,
                "type": "column_values_between",
                "outcome": "fail" if failed else "pass",
                "columns": ["cost_sar"],
            }
            if failed
            else {"definition": one, "type": "table_row_count_between", "outcome": "pass", "columns": []}
            for one in definitions
        ]
        body = {"run_id": f"{key}-{ran:%Y%m%d}", "run_at": ran.isoformat(), "checks": checks}
        take(actor=actor(CI), report=Report(key, "", body), now=now)
    document: Document = {
        "key": KEY,
        "name": "December release",
        "description": "New partner statements; faster sync of contacts.",
        "owner": "ai-platform",
        "repository": "https://git.example.com/platform/agents",
        "commit": COMMIT,
        "build": "ci-4711",
        "notes": "",
    }
    services.from_ci(actor=actor(CI), document=document, attestation=_provenance(), now=now)
    for dimension, status, note, title in _SAID:
        evidence = [{"title": title, "address": "https://docs.example.com/releases/2026.12"}]
        statement = Statement(dimension.value, status, "ai-platform", evidence, note)
        services.say(actor=actor("lead"), key=KEY, statement=statement, now=now)


def claim(now: datetime) -> None:
    """Two things that agents said: one that the record bears out, and one of which there is too little to show."""
    log = {"kind": "tool_call", "reference": "crm-lookups/get_account/7c1e", "says": "supports", "note": ""}
    told = Reported(
        verdict="verified", evidence=[log], reference="support-agent/8841", actor_type="recommender_agent",
        statement="The customer moved to Jeddah in November.", claimed_by="support-agent", reversibility="R1",
        about={"kind": "contact", "key": "C-8841"}, connector="crm-lookups", owner=None,
    )  # fmt: skip
    report(actor=actor(CI), given=told, now=now)
    told = Reported(
        verdict="unverified", evidence=[], reference="billing-agent/117", actor_type="recommender_agent",
        statement="Invoice 117 was paid twice.", claimed_by="billing-agent", reversibility="R1",
        note="No payment record was named.", about={"kind": "invoice", "key": "117"}, connector=None, owner="billing-team",
    )  # fmt: skip
    report(actor=actor(CI), given=told, now=now)


def _provenance() -> dict[str, Any]:
    sources = [{"uri": "git+https://git.example.com/platform/agents", "digest": {"gitCommit": COMMIT}}]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "agents.tar.gz", "digest": {"sha256": "5e" * 32}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {"buildType": "https://ci.example.com/build", "resolvedDependencies": sources},
            "runDetails": {"builder": {"id": "https://ci.example.com/runner"}},
        },
    }


def declare(now: datetime) -> Incident:
    """A V2 that an operator declared."""
    found = Found(
        rule=DECLARED, source="manual", dedup_key="manual:demo", epoch=now, title="Statements show last month's address",
        told="Two customers called; the new address comes with tonight's load.", owner_id=Team.objects.get(key="crm-team").pk,
        subject_kind="manual", subject_key="customer-statements", level=Level.V2, dimension=Dimension.CONNECTOR_HEALTH.value,
        impact="Customers who moved in November get their statement at the old address.",
        evidence=[{"kind": "other", "reference": "https://tickets.example.com/8841", "note": "Two calls"}],
    )  # fmt: skip
    return open_incident(found, actor=actor("operator"))[0]


def exception(incident: Incident, now: datetime) -> Document:
    """What lets the release live with it until the weekend is over."""
    return {
        "key": "exc-1",
        "name": "Old addresses until Sunday",
        "description": "Two customers were called and know.",
        "owner": "crm-team",
        "incident": incident.human_id,
        "release": KEY,
        "reason": "Both customers were called; tonight's load brings the new addresses.",
        "expires_at": (now + timedelta(days=3)).isoformat(timespec="seconds"),
    }
