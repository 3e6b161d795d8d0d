"""The runtime tools of the demo. Two are answered by the demo MCP server, the others only stand in the registry."""

from connectors.demo.tools import CUSTOMERS
from portal.registry.documents import Document
from severity.demo.parts import DAY, HEADER_KEY, HOUR, META_KEY, facets, operation, schema, sla, tool
from severity.demo.pins import pinned

LEDGER_DESK, CUSTOMER_STATEMENTS = "ledger-desk", "customer-statements"
_SECONDS: Document = {"type": "number", "minimum": 0, "maximum": DAY}
_TTL: Document = {"type": "number", "exclusiveMinimum": 0, "maximum": 30 * DAY}
_CUSTOMER: Document = {"type": "string", "examples": sorted(CUSTOMERS)}
_LONG = {"seconds": _SECONDS, "ttl_seconds": _TTL}
_UNDO = "Statements and reconciliations are replaced by the next run; an export is undone by deleting its batch by id."


def documents(demo_server: str) -> list[Document]:
    """Eight runtime tools; `demo_server` is the address of the demo MCP server."""
    return [pinned(_ledger_desk(demo_server)), pinned(_customer_statements(demo_server)), *_elsewhere()]


def _ledger_desk(endpoint: str) -> Document:
    operations = [
        operation(
            "lookup_customer",
            "Looks a customer up by number.",
            schema("customer_id", customer_id=_CUSTOMER),
            errors=(("not_found", "No customer has this number.", False),),
        ),
        operation(
            "list_invoices",
            "Lists invoices, of one customer or in one status.",
            schema(customer_id="string", status={"enum": ["", "paid", "open", "overdue"]}),
            schema("invoices", invoices="array"),
        ),
        operation(
            "reconcile_ledger",
            "Matches a month's bank lines with the ledger; takes minutes.",
            schema(period="string", honours_cancel="boolean", **_LONG),
            effect="write",
        ),
        operation(
            "export_contacts",
            "Exports contacts to the marketing system.",
            schema(segment="string", **_LONG),
            effect="write",
            errors=(("row_refused", "The destination refused a row.", False),),
        ),
        operation(
            "send_campaign",
            "Sends a mail campaign to a segment.",
            schema(campaign="string", ttl_seconds=_TTL, honours_cancel="boolean"),
            effect="write",
            outside=True,
        ),
        operation(
            "sync_catalogue",
            "Brings the product catalogue up to date.",
            schema(catalogue="string", **_LONG),
            effect="write",
        ),
    ]
    return tool(
        LEDGER_DESK,
        "Ledger desk",
        "Long-running work of the finance and marketing desks. Answered by the demo MCP server.",
        "finance-team",
        facets("ledger_desk", operations, classes="A1 R1 S2", key=META_KEY, notes=_UNDO),
        endpoint,
        {"finance-agent": ["lookup_customer", "list_invoices", "reconcile_ledger"], "growth-agent": ["send_campaign"]},
        clocks=sla(60, 900, escalation=60),
    )


def _customer_statements(endpoint: str) -> Document:
    operations = [
        operation(
            "generate_statement",
            "Makes a customer's statement of account.",
            schema(customer_id=_CUSTOMER, period="string", **_LONG),
            effect="write",
        ),
        operation(
            "review_contract",
            "Reviews a contract and asks for a decision on a clause.",
            schema(contract="string", **_LONG),
        ),
    ]
    return tool(
        CUSTOMER_STATEMENTS,
        "Customer statements",
        "Statements that customers wait for in their portal. Answered by the demo MCP server.",
        "billing-team",
        facets("customer_statements", operations, classes="A1 R1 S2", key=META_KEY, notes=_UNDO),
        endpoint,
        {"support-agent": ["generate_statement"], "legal-agent": ["review_contract"]},
        clocks=sla(60, 600),
        customer_impacting=True,
    )


def _elsewhere() -> list[Document]:
    return [
        tool(
            "crm-lookups",
            "CRM lookups",
            "Reads accounts, contacts and deals for support and sales agents.",
            "crm-team",
            facets(
                "crm",
                [
                    operation("find_account", "Finds an account by name.", schema("name", name="string")),
                    operation("get_contact", "Reads a contact by id.", schema("contact_id", contact_id="string")),
                    operation("list_deals", "Lists deals of an account.", schema("account_id", account_id="string")),
                ],
                classes="A1 R0 S2",
                notes="Reads only; nothing to undo.",
            ),
            "https://mcp.crm.example.com/mcp",
            {"support-agent": ["find_account", "get_contact"], "sales-agent": ["find_account", "list_deals"]},
            credential="env:CRM_MCP_TOKEN",
        ),
        tool(
            "billing-statements",
            "Billing statements",
            "Reads invoices and balances of the billing system; never writes.",
            "billing-team",
            facets(
                "billing",
                [
                    operation("get_balance", "Reads a balance.", schema("customer_id", customer_id="string")),
                    operation("get_invoice", "Reads an invoice.", schema("invoice", invoice="string")),
                ],
                classes="A1 R0 S2",
                notes="Reads only; nothing to undo.",
            ),
            "https://mcp.billing.example.com/mcp",
            {"support-agent": ["get_balance", "get_invoice"], "finance-agent": ["get_balance"]},
            credential="env:BILLING_MCP_TOKEN",
        ),
        tool(
            "customer-messaging",
            "Customer messaging",
            "Sends templated e-mail and text messages to customers who agreed to them.",
            "messaging-team",
            facets(
                "messaging",
                [
                    operation(
                        "send_message",
                        "Sends one templated message.",
                        schema("customer_id template", customer_id="string", template="string"),
                        effect="write",
                        outside=True,
                        errors=(("opted_out", "The customer does not want messages.", False),),
                    ),
                    operation("message_status", "Says what became of it.", schema("message_id", message_id="string")),
                ],
                classes="A2 R2 S3",
                key=HEADER_KEY,
                notes="A sent message cannot be called back. Send the correction template and note it on the customer.",
            ),
            "https://messaging.example.com/v1/facade",
            {"support-agent": ["send_message", "message_status"]},
            credential="file:messaging-token",
            transport="http",
            customer_impacting=True,
        ),
        tool(
            "model-provider",
            "Model provider",
            "Completions and embeddings of the contracted language models.",
            "ai-platform",
            facets(
                "model",
                [
                    operation("complete", "Completes a prompt.", schema("prompt", prompt="string", model="string")),
                    operation("embed", "Embeds texts.", schema("texts", texts={"type": "array"})),
                ],
                classes="A1 R0 S2",
                notes="Nothing is stored on the other side; a call can be repeated.",
                timeout=(3.0, 120.0, 300.0),
            ),
            "https://models.example.com/v1",
            {"support-agent": ["complete", "embed"], "sales-agent": ["complete"], "finance-agent": ["complete"]},
            credential="env:MODEL_PROVIDER_TOKEN",
            transport="http",
        ),
        tool(
            "document-signing",
            "Document signing",
            "Sends contracts out for electronic signature. A signature binds the company.",
            "legal-team",
            facets(
                "signing",
                [
                    operation(
                        "request_signature",
                        "Sends a document to its signers.",
                        schema("document_id signers", document_id="string", signers={"type": "array"}),
                        effect="write",
                        outside=True,
                    ),
                    operation("signature_status", "Reads who has signed.", schema("document_id", document_id="string")),
                ],
                classes="A3 R3 S3",
                key=HEADER_KEY | {"dedupe_window_seconds": 30 * DAY},
                notes="Before the first signature: void the envelope. After it: legal decides on a written rescission.",
            ),
            "https://mcp.signing.example.com/mcp",
            {"legal-agent": ["request_signature", "signature_status"]},
            credential="file:signing-token",
            clocks=sla(300, 3 * DAY, stall=DAY, escalation=4 * HOUR),
        ),
        tool(
            "ticketing",
            "Ticketing",
            "Opens, updates and reads support tickets.",
            "support-team",
            facets(
                "ticketing",
                [
                    operation("get_ticket", "Reads a ticket.", schema("ticket", ticket="string")),
                    operation(
                        "open_ticket",
                        "Opens a ticket.",
                        schema("title", title="string", text="string"),
                        effect="write",
                    ),
                ],
                classes="A1 R1 S1",
                key=HEADER_KEY,
                notes="Close the ticket with the reason “opened by mistake”; its number is not used again.",
            ),
            "https://mcp.tickets.example.com/mcp",
            {"support-agent": ["get_ticket", "open_ticket"]},
            credential="env:TICKETING_MCP_TOKEN",
        ),
    ]
