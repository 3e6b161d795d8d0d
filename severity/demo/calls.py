"""What the demo's runtimes asked before they called: most of it allowed, some refused."""

from connectors.allowlist.deciding import Call, decide
from severity.demo.people import actor

# (agent, connector, operation, environment, how often)
ASKED = (
    ("support-agent", "model-provider", "complete", "prod", 9),
    ("support-agent", "model-provider", "embed", "prod", 4),
    ("support-agent", "model-provider", "complete", "dev", 2),
    ("sales-agent", "model-provider", "embed", "prod", 3),
    ("support-agent", "crm-lookups", "find_account", "prod", 5),
    ("sales-agent", "crm-lookups", "list_accounts", "prod", 1),
    ("intern-agent", "model-provider", "complete", "prod", 1),
    ("finance-agent", "payment-refunds", "refund_payment", "prod", 2),
)


def ask() -> None:
    """Ask as a runtime does; the workers count it."""
    runtime = actor("engineer")
    for agent, connector, operation, environment, times in ASKED:
        for _time in range(times):
            decide(Call(agent, connector, operation, environment), actor=runtime)
