"""The tools of the demo server: what they are called, what they answer, and how their tasks go.

The arguments that say how a task goes (seconds, ttl_seconds, honours_cancel) are declared here and read by the tasks
extension.
"""

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from connectors.demo.tasks_extension import Ending, Plan

DAY = 24 * 3600.0
CUSTOMERS = {
    "C-1001": {"name": "Al Noor Trading", "segment": "enterprise", "city": "Riyadh"},
    "C-1002": {"name": "Harbour Logistics", "segment": "mid-market", "city": "Jeddah"},
    "C-1003": {"name": "Palm Clinics", "segment": "enterprise", "city": "Dammam"},
}
INVOICES = [
    {"invoice": "INV-2041", "customer_id": "C-1001", "amount_sar": 18400, "status": "paid"},
    {"invoice": "INV-2042", "customer_id": "C-1002", "amount_sar": 7250, "status": "open"},
    {"invoice": "INV-2043", "customer_id": "C-1001", "amount_sar": 920, "status": "overdue"},
]

PLANS = {
    "generate_statement": Plan(Ending.COMPLETED, 5, DAY, "Collecting the postings of the period."),
    "reconcile_ledger": Plan(Ending.COMPLETED, 150, DAY, "Matching bank lines with postings."),
    "export_contacts": Plan(Ending.TOOL_ERROR, 4, DAY, "Writing contacts to the destination."),
    "send_campaign": Plan(Ending.NEVER, 0, 3600, "Waiting for the mail provider."),
    "sync_catalogue": Plan(Ending.FAILED, 6, DAY, "Reading the catalogue."),
    "review_contract": Plan(
        Ending.AFTER_INPUT,
        2,
        DAY,
        "Reading the contract.",
        {
            "decision": {
                "method": "elicitation/create",
                "params": {
                    "mode": "form",
                    "message": "Clause 7 limits liability to one year's fees. Accept it?",
                    "requestedSchema": {
                        "type": "object",
                        "properties": {"accept": {"type": "boolean", "title": "Accept clause 7"}},
                        "required": ["accept"],
                    },
                },
            }
        },
    ),
}

Seconds = Annotated[float | None, Field(ge=0, le=DAY, description="How long the task takes, in seconds.")]
TimeToLive = Annotated[float | None, Field(gt=0, le=30 * DAY, description="Time to live of the task, in seconds.")]
Cancel = Annotated[bool, Field(description="Whether the task stops when asked to.")]


def register(server: MCPServer[Any]) -> None:
    """Add every tool to a server."""
    for tool in (
        lookup_customer,
        list_invoices,
        generate_statement,
        reconcile_ledger,
        export_contacts,
        send_campaign,
        sync_catalogue,
        review_contract,
    ):
        server.add_tool(tool)


def lookup_customer(customer_id: str) -> dict[str, Any]:
    """Look a customer up by number, such as C-1001."""
    customer = CUSTOMERS.get(customer_id)
    if customer is None:
        raise ToolError(f"There is no customer {customer_id}.")
    return {"customer_id": customer_id, **customer}


def list_invoices(customer_id: str = "", status: str = "") -> dict[str, Any]:
    """List invoices, of one customer or in one status if given."""
    found = [
        invoice
        for invoice in INVOICES
        if customer_id in ("", invoice["customer_id"]) and status in ("", invoice["status"])
    ]
    return {"invoices": found}


def generate_statement(
    customer_id: str = "C-1001",
    period: str = "2026-10",
    seconds: Seconds = None,
    ttl_seconds: TimeToLive = None,
) -> dict[str, Any]:
    """Make a customer's statement of account. Finishes within seconds."""
    return {"customer_id": customer_id, "period": period, "closing_balance_sar": 8170, "lines": 42}


def reconcile_ledger(
    period: str = "2026-10", seconds: Seconds = None, ttl_seconds: TimeToLive = None, honours_cancel: Cancel = True
) -> dict[str, Any]:
    """Match a month's bank lines with the ledger. Takes minutes."""
    return {"period": period, "matched": 11873, "unmatched": 9}


def export_contacts(
    segment: str = "enterprise", seconds: Seconds = None, ttl_seconds: TimeToLive = None
) -> dict[str, Any]:
    """Export contacts to the marketing system. Ends with an error of the tool."""
    return {"segment": segment, "exported": 1203}


def send_campaign(
    campaign: str = "autumn-offer", ttl_seconds: TimeToLive = None, honours_cancel: Cancel = True
) -> dict[str, Any]:
    """Send a mail campaign. Hangs: it stays at work until its time to live ends."""
    return {"campaign": campaign}


def sync_catalogue(
    catalogue: str = "retail", seconds: Seconds = None, ttl_seconds: TimeToLive = None
) -> dict[str, Any]:
    """Synchronise the product catalogue. Fails."""
    return {"catalogue": catalogue}


def review_contract(
    contract: str = "MSA-2026-014", seconds: Seconds = None, ttl_seconds: TimeToLive = None
) -> dict[str, Any]:
    """Review a contract. Asks for a decision on one clause before it finishes."""
    return {"contract": contract, "findings": 3, "verdict": "acceptable with changes"}
