"""What a page is in the API: each page can be asked for by a program too, and says how."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, QueryDict

from portal.changes.inbox import NEEDS_YOU
from portal.changes.inbox import TABS as INBOX_TABS
from portal.registry import kinds

ROOT = "/api/v1/"
# What only pages know, by name of the parameter; `sort` has another name in the API.
_OF_PAGES = frozenset({"page", "tab", "format", "columns", "choose", "tool", "split", "rows", "check", "act", "view"})
# The address in the API of a page, by the name of its URL: with the arguments of the URL, and what is asked beside the filters.
PAGES: dict[str, str] = {
    "approvals": "changes/",
    "change": "changes/{pk}/",
    "incidents": "incidents/",
    "incident-board": "incidents/",
    "incident": "incidents/{pk}/",
    "tasks": "tasks/",
    "task": "tasks/{pk}/",
    "maintenance": "maintenance/",
    "claims": "claims/",
    "claim": "claims/{pk}/",
    "sla": "sla/",
    "watchlist": "watchlist/",
    "agent": "allowlist/?agent={agent}",
    "architecture": "architecture/",
    "lineage": "lineage/graph/",
    "notices": "notices/",
    "notice-choices": "notices/choices/",
    "deliveries": "deliveries/",
    "endpoints": "webhooks/",
    "endpoint": "webhooks/{name}/",
    "rooms": "rooms/",
    "room": "rooms/{name}/",
    "routes": "routes/",
    "route": "routes/{name}/",
    "silences": "silences/",
    "people": "people/",
    "person": "people/{username}/",
    "teams": "teams/",
    "team": "teams/{key}/",
    "tokens": "tokens/",
}
# What a tab of a list is in the API; a list whose tab is not named here has no equal there.
TABS: dict[str, dict[str, dict[str, str]]] = {
    "approvals": {tab if tab != NEEDS_YOU else "": {"inbox": tab} for tab in INBOX_TABS},
    "incidents": {"": {"open": "true"}, "resolved": {"open": "false"}, "all": {}},
    "tasks": {"": {"open": "true"}, "ended": {"open": "false"}, "all": {}},
    "claims": {"": {"backlog": "true"}, "all": {}},
    "notices": {"": {"unread": "true"}, "all": {}},
}


def api_address(request: HttpRequest) -> str:
    """Where the API gives what this page shows, with the same filters and order; empty where it does not."""
    match = request.resolver_match
    if match is None:
        return ""
    name, told = match.url_name or "", match.kwargs
    pages = {kind.pages: kind for kind in kinds.all_kinds()}
    if name in pages:
        kind = pages[name]
        more = f"?{urlencode({'kind': kind.where['kind']})}" if kind.where else ""
        return _with_query(f"{kind.collection}/{more}", request.GET)
    if name == "entry" and told["pages"] in pages:
        return f"{ROOT}{pages[told['pages']].collection}/{told['key']}/"
    if name == "entry-diff" and pages[told["pages"]].collection == "connectors":
        return f"{ROOT}connectors/{told['key']}/compare/?{_query(request.GET)}"
    if name not in PAGES:
        return ""
    address = PAGES[name].format(**told)
    if told:
        return ROOT + address
    tabs = TABS.get(name, {"": {}})
    tab = request.GET.get("tab", "")
    if tab not in tabs:
        return ""
    more = urlencode(tabs[tab])
    return _with_query(f"{address}?{more}" if more else address, request.GET)


def curl_of(address: str) -> str:
    """The same for a terminal; the token comes from the environment and never stands in a history."""
    return f"curl -H \"Authorization: Bearer $PORTAL_TOKEN\" '{settings.PUBLIC_URL}{address}'"


def _with_query(address: str, asked: QueryDict) -> str:
    query = _query(asked)
    return ROOT + address + (("&" if "?" in address else "?") + query if query else "")


def _query(asked: QueryDict) -> str:
    kept = [
        ("ordering" if name == "sort" else name, value)
        for name, values in asked.lists()
        if name not in _OF_PAGES
        for value in values
        if value
    ]
    return urlencode(kept)
