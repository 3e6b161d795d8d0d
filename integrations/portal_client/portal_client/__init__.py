"""Judge events in a service by the portal's schemas, without a call for each event.

    from portal_client import EventClient, RefusedError

    client = EventClient("https://portal.example.com", token, cache="/var/cache/orders/schemas.json")
    client.refresh()                     # once at the start; `with client.refreshing():` does it every minute
    client.check(event)                  # before it is published and after it is read; raises RefusedError

Needs the standard library and jsonschema-rs.
"""

from portal_client.client import EventClient
from portal_client.judging import Bundle, Outcome, Problem, RefusedError

__all__ = ["Bundle", "EventClient", "Outcome", "Problem", "RefusedError"]
