"""The demo's registry: every entry came about by a change that the right people signed, and some changes still wait."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.models import Connector
from metrics import seed
from metrics.choice import seed as choosing
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.registry.documents import Document
from severity.demo import backfills, calls, events, lineage, pins, releases, syncs, tools
from severity.demo.parts import HEADER_KEY, facets, operation, schema, tool
from severity.demo.people import actor

SIGNERS = {"A0": (), "A1": ("lead",), "A2": ("lead", "head"), "A3": ("lead", "executive")}
# Teams of the demo instead of those that the seed names.
METRIC_OWNERS = {
    "pipeline_value_sar": "crm-team",
    "qualified_lead_count": "crm-team",
    "partner_sourced_pipeline_sar": "crm-team",
}
EVIDENCE: Document = {
    "sources": ["Contract of the facade and its tests", "Vendor's API reference of October 2026"],
    "assumptions": "Volumes as in the last quarter.",
    "freshness": "Measured in the week before this was proposed.",
    "compliance_notes": "Data stays in the region; the processing record names this purpose.",
    "alternatives": "Calling the vendor's SDK from the agent: no audit, no retry rules, refused.",
    "rollback": "See the rollback notes of the facade; the owner team restores the version before.",
    "links": [{"title": "Contract tests", "url": "https://ci.example.com/runs/2214"}],
    "attachments": [],
}


@dataclass
class Writer:
    """Writes changes at moments of the past; each is later than the one before."""

    now: datetime

    def propose(self, document: Document, *, by: str = "engineer", days: float = 0, summary: str = "") -> ChangeRequest:
        """A draft of that many days ago."""
        return services.propose(
            actor=actor(by),
            kind_name=_kind_of(document),
            key=document["key"],
            draft=Draft(document=document, summary=summary or None, evidence=EVIDENCE),
            now=self.now - timedelta(days=days),
        )

    def submit(self, document: Document, *, by: str = "engineer", days: float = 0, summary: str = "") -> ChangeRequest:
        """A change that waits for its approvers since then."""
        change = self.propose(document, by=by, days=days, summary=summary)
        return services.submit(actor=actor(by), change_id=change.pk, now=change.created_at)

    def sign(self, change: ChangeRequest, *signers: str) -> ChangeRequest:
        """The change with these signatures, given within the hour after it was submitted."""
        for minutes, signer in enumerate(signers, start=1):
            at = (change.submitted_at or self.now) + timedelta(minutes=7 * minutes)
            at = min(at, self.now)
            change = decisions.approve(actor=actor(signer, at), change_id=change.pk, digest=change.digest, now=at)
        return change

    def apply(self, document: Document, *, by: str = "engineer", days: float = 0, summary: str = "") -> ChangeRequest:
        """An applied change."""
        change = self.submit(document, by=by, days=days, summary=summary)
        return self.sign(change, *SIGNERS[change.required_class])


def load(now: datetime, demo_server: str) -> bool:
    """Register everything and leave some changes waiting; whether there was anything to do."""
    if Connector.objects.exists():
        return False
    writer = Writer(now)
    documents = [*tools.documents(demo_server), *syncs.documents()]
    for number, document in enumerate(documents):
        writer.apply(document, by=("engineer", "noor")[number % 2], days=40 - number)
    for key in (tools.LEDGER_DESK, tools.CUSTOMER_STATEMENTS):
        pins.looked(key, now)
    by_key = {document["key"]: document for document in documents}
    for number, document in enumerate(events.documents()):
        writer.apply(document, by=("engineer", "noor")[number % 2], days=20 - number)
    for number, document in enumerate(seed.documents()):
        owner = METRIC_OWNERS.get(document["key"], "finance-team")
        writer.apply(document | {"owner": owner, "certified_until": "2027-06-30"}, days=15 - number)
    decided = choosing.decision("data-platform", (now - timedelta(days=14)).date().isoformat(), ["Huda Al-Salem"])
    writer.apply(decided, by="noor", days=13)
    writer.apply(choosing.choice("data-platform"), by="noor", days=11)
    for number, document in enumerate(lineage.documents()):
        writer.apply(document, by="noor", days=10 - number)
    lineage.tell(now)
    for document in backfills.documents(now):
        writer.apply(document, by="noor", days=backfills.AGO)
    backfills.tell(now)
    for number, document in enumerate(releases.documents()):
        writer.apply(document, by=("engineer", "noor")[number % 2], days=7 - number)
    releases.tell(now)
    releases.claim(now)
    writer.apply(
        releases.exception(releases.declare(now), now), by="noor", summary="Let old addresses pass until Sunday"
    )
    _second_versions(writer, by_key)
    _waiting(writer, by_key)
    calls.ask()
    return True


def _kind_of(document: Document) -> str:
    marks = {
        "primary_source": "metric",
        "data_movement": "data_movement",
        "runtime_tool": "runtime_tool",
        # Families name consumers, too.
        "channel": "event_family",
        "decides": "decision",
        "decision": "lineage_choice",
        "expires_at": "exception",
        "partition_hours": "backfill",
        "definitions": "checkpoint",
        "consumes": "workflow",
        "consumers": "dataset",
    }
    return next((kind for mark, kind in marks.items() if mark in document), "event_schema")


def _second_versions(writer: Writer, by_key: dict[str, Document]) -> None:
    lookups = deepcopy(by_key["crm-lookups"])
    lookups["facets"]["contract"]["operations"].append(
        operation("list_activities", "Lists calls and meetings.", schema("account_id", account_id="string"))
    )
    lookups["facets"]["version"]["number"] = "1.1.0"
    writer.apply(lookups, days=12, summary="Let agents list calls and meetings")
    by_key["crm-lookups"] = lookups
    billing = deepcopy(by_key["billing-to-warehouse"])
    billing["data_movement"]["schedule"] = "*/30 * * * *"
    billing["data_movement"]["freshness_seconds"] = 3600
    writer.apply(billing, by="noor", days=6, summary="Load billing twice an hour for the revenue report")
    by_key["billing-to-warehouse"] = billing


def _waiting(writer: Writer, by_key: dict[str, Document]) -> None:
    ads = deepcopy(by_key["ads-to-warehouse"])
    ads["data_movement"]["schedule"] = "* * * * *"
    turned_down = writer.submit(ads, by="noor", days=2, summary="Load advertising spend every minute")
    decisions.reject(
        actor=actor("lead"),
        change_id=turned_down.pk,
        digest=turned_down.digest,
        reason="The ad networks settle their numbers once a day; every minute only costs quota.",
        now=writer.now - timedelta(days=1.8),
    )
    ledger = deepcopy(by_key["erp-to-finance-mart"])
    ledger["data_movement"]["retention_days"] = 5475
    change = writer.submit(ledger, by="noor", days=0.9, summary="Keep ledger lines for fifteen years")
    writer.sign(change, "lead")
    change = writer.submit(_refunds(), by="noor", days=0.4, summary="Register refunds for the support agents")
    writer.sign(change, "head")
    tickets = deepcopy(by_key["ticketing"])
    tickets["facets"]["timeout"]["total_seconds"] = 60.0
    tickets["facets"]["version"]["number"] = "1.0.1"
    writer.submit(tickets, by="noor", days=0.1, summary="Wait a minute for slow tickets")
    writer.submit(events.waiting(), days=0.3, summary="Stop telling who ordered")
    draft = _chat_notices()
    del draft["facets"]["rollback_notes"]
    writer.propose(draft, days=0.05)


def _refunds() -> Document:
    operations = [
        operation(
            "refund_payment",
            "Pays a payment back.",
            schema("payment_id amount_sar", payment_id="string", amount_sar="number"),
            effect="write",
            outside=True,
            errors=(("already_refunded", "The payment was paid back before.", False),),
        )
    ]
    return tool(
        "payment-refunds",
        "Payment refunds",
        "Pays money back to customers. Money that has left does not come back by itself.",
        "billing-team",
        facets(
            "refunds",
            operations,
            classes="A3 R3 S3",
            key=HEADER_KEY,
            notes="A refund cannot be taken back: ask the customer to pay again and note it on the invoice.",
        ),
        "https://mcp.payments.example.com/mcp",
        {"support-agent": ["refund_payment"]},
        credential="file:payments-token",
        customer_impacting=True,
    )


def _chat_notices() -> Document:
    operations = [
        operation(
            "post_notice",
            "Posts a notice to a channel of the company's chat.",
            schema("channel text", channel="string", text="string"),
            effect="write",
        )
    ]
    return tool(
        "chat-notices",
        "Chat notices",
        "Posts notices of agents to the company's chat.",
        "ai-platform",
        facets(
            "chat",
            operations,
            classes="A1 R1 S1",
            key=HEADER_KEY,
            notes="Delete the message by its id within the hour; later, post a correction in the same thread.",
        ),
        "https://mcp.chat.example.com/mcp",
        {"release-agent": ["post_notice"]},
    )


def follow_demo_server(now: datetime, demo_server: str) -> int:
    """Change the connectors of the demo MCP server when it listens elsewhere than last time; how many were changed."""
    moved = [
        connector
        for connector in Connector.objects.filter(key__in=[tools.LEDGER_DESK, tools.CUSTOMER_STATEMENTS])
        if connector.endpoint != demo_server
    ]
    for connector in moved:
        document = deepcopy(connector.document)
        document["runtime_tool"]["endpoint"] = demo_server
        Writer(now).apply(document, summary="Follow the demo server to its new port")
    return len(moved)
