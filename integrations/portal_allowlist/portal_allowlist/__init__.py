"""What an agent may call, by the signed allowlist of the connector portal. Python 3.9 or newer, nothing to install.

    from portal_allowlist import AllowlistClient

    client = AllowlistClient(
        "https://portal.example.com", token=os.environ["PORTAL_TOKEN"], agent="support-agent", environment="prod",
        keys=["the x of the portal's public key"], cache="/var/lib/agent/allowlist.json",
    )
    with client:
        decision = client.may("crm-lookup", "lookup_customer")
        if not decision.allowed:
            raise PermissionError(decision.reason)

Whatever is not clearly allowed by a list that is signed, of this agent and environment, and not out of date, is refused.
"""

from portal_allowlist.bundles import Bundle, Refused
from portal_allowlist.client import AllowlistClient, Decision

__all__ = ["AllowlistClient", "Bundle", "Decision", "Refused"]
