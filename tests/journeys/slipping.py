"""A registered tool of the real demo server, and a worker that polls and judges as in production."""

import time
from collections.abc import Callable
from typing import Any

from connectors.models import Connector
from connectors.polling import Poller
from severity import sweep
from severity.models import Incident
from tests.documents import Document, runtime_tool_document
from tests.registering import apply_connector

KEY = "ledger-desk"
OPERATION = "generate_statement"
PATIENCE_SECONDS = 40.0
# The task works this long; its deadline and then the escalation come well before.
TASK_SECONDS, ESCALATION_SECONDS = 14.0, 2
SLA = {"start_seconds": 3, "deadline_seconds": 3}


def ledger_document(url: str) -> Document:
    """The demo server's statements as a runtime tool whose slips escalate within seconds."""
    document = runtime_tool_document(KEY, {"runtime_tool.endpoint": url})
    operation = document["facets"]["contract"]["operations"][0]
    operation |= {
        "name": OPERATION,
        "description": "Makes a customer's statement of account.",
        "input_schema": {
            "type": "object",
            "properties": {"customer_id": {"type": "string"}, "seconds": {"type": "number"}},
        },
    }
    document["runtime_tool"] |= {
        "allowlist": [{"agent": "support-agent", "operations": [OPERATION], "environments": ["prod"]}]
    }
    document["runtime_tool"]["task_sla"] |= {"escalation_seconds": ESCALATION_SECONDS}
    return document


def ledger_desk(url: str) -> Connector:
    """The same, registered, signed and active."""
    return apply_connector(ledger_document(url))


def asked() -> dict[str, Any]:
    """What is asked of the tool: a task that outlasts its deadline and its escalation."""
    return {"customer_id": "C-1001", "seconds": TASK_SECONDS}


class Worker:
    """What a worker does: polls and sweeps, again and again."""

    def __init__(self) -> None:
        self._poller = Poller()

    def until(self, true: Callable[[], Any], what: str) -> None:
        """Tick until it is true; an error that names what was waited for otherwise."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self._poller.tick()
            sweep.tick()
            if true():
                return
            time.sleep(0.1)
        found = list(Incident.objects.values_list("rule", "severity", "state"))
        raise AssertionError(f"waited in vain for {what}; incidents: {found}")
