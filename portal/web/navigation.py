"""The pages that one goes to: the rail shows them by group, the palette finds them by name."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.people.actors import Actor
from portal.roles import Permission, may

Text = str | Promise


@dataclass(frozen=True)
class Place:
    """A page: the name of its URL, its label, its icon; `key` after `g` goes there, `counter` counts what waits.

    `covers` are the beginnings of further addresses that belong to it: there the rail says that one is here.
    """

    page: str
    label: Text
    icon: str
    key: str = ""
    counter: str = ""
    kind: str = ""
    permission: Permission = Permission.VIEW
    hash: str = ""
    covers: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Where it is; empty where this portal has no such page."""
        try:
            return reverse(self.page) + self.hash
        except NoReverseMatch:
            return ""


@dataclass(frozen=True)
class Places:
    """A group of the rail."""

    name: str
    title: Text
    places: tuple[Place, ...]


RAIL = (
    Places("operate", _("Operate"), (
        Place("overview", _("Overview"), "home", "h"),
        Place("approvals", _("Approvals"), "inbox", "a", "approvals", covers=("/changes/",)),
        Place("incidents", _("Incidents"), "incident", "i", "incidents"),
        Place("claims", _("Claims"), "eye-off"),
        Place("sla", _("SLA watch"), "clock", "s", "sla"),
        Place("tasks", _("MCP tasks"), "task", "k", "tasks", covers=("/maintenance/", "/watchlist/")),
    )),
    Places("catalogue", _("Catalogue"), (
        Place("tools", _("Runtime tools"), "plug", "t", kind="runtime_tool"),
        Place("agents", _("Agents"), "user", permission=Permission.READ_ALLOWLIST),
        Place("syncs", _("Data syncs"), "sync", "d", kind="data_movement", covers=("/backfills/",)),
        Place("architecture", _("Architecture"), "map"),
        Place("events", _("Event schemas"), "event", "e", covers=("/event-schemas/",)),
        Place("metrics", _("Metrics"), "metric", "m", covers=("/import/metrics/",)),
        Place("lineage", _("Lineage"), "lineage", "l", covers=("/datasets/", "/lineage-choice/")),
        Place("checkpoints", _("Checkpoints"), "check", "q"),
        Place("workflows", _("Workflows"), "play"),
    )),
    Places("govern", _("Govern"), (
        Place("releases", _("Releases"), "release", "r", covers=("/exceptions/", "/compare/releases/")),
        Place("decisions", _("Decisions"), "draft"),
        Place("policies", _("Approval policy"), "lock"),
        Place("severity-table", _("Severity table"), "risk"),
        Place("deliveries", _("Deliveries"), "external", permission=Permission.READ_DELIVERIES),
        Place("audit", _("Audit log"), "audit", permission=Permission.READ_AUDIT),
        Place("settings", _("Settings"), "settings", covers=("/notices/choices/", "/webhooks/", "/rooms/")),
    )),
)  # fmt: skip
# What the rail has no room for.
MORE = (
    Place("notices", _("Notices"), "bell"),
    Place("views", _("Saved views"), "pin"),
    Place("notice-choices", _("What you are told of"), "bell"),
    Place("incident-board", _("Board of incidents"), "incident"),
    Place("incident-rates", _("Rates of incidents"), "metric"),
    Place("watchlist", _("Watchlist"), "risk"),
    Place("backfills", _("Backfills"), "sync"),
    Place("event-schemas", _("Schema versions"), "event"),
    Place("datasets", _("Datasets"), "lineage"),
    Place("lineage-choice", _("Lineage choice"), "lineage"),
    Place("exceptions", _("Exceptions"), "release"),
    Place("maintenance", _("Maintenance"), "pause"),
    Place("policy-test", _("Which policy applies?"), "lock"),
    Place("who-hears", _("Who hears of it?"), "bell"),
    Place("routes", _("Routes"), "bell"),
    Place("silences", _("Silences"), "bell"),
    Place("teams", _("Teams"), "user"),
    Place("people", _("People"), "user", permission=Permission.MANAGE_PEOPLE),
    Place("tokens", _("API tokens"), "lock", permission=Permission.MANAGE_PEOPLE),
    Place("style", _("Style of the pages"), "info", permission=Permission.MANAGE_PEOPLE),
    Place("endpoints", _("Webhooks"), "external", permission=Permission.MANAGE_ENDPOINTS),
    Place("rooms", _("Chat rooms"), "external", permission=Permission.MANAGE_ENDPOINTS),
)
# What one begins on a page of its own, beside the registration of each kind.
ACTIONS = (
    Place("incident-declare", _("Declare an incident"), "incident", permission=Permission.WORK_INCIDENT),
    Place("tools-import", _("Import runtime tools"), "plug", permission=Permission.PROPOSE),
    Place("syncs-import", _("Import data syncs"), "sync", permission=Permission.PROPOSE),
    Place("metrics-import", _("Import metrics"), "metric", permission=Permission.PROPOSE),
    Place("person-new", _("Add a person"), "user", permission=Permission.MANAGE_PEOPLE),
    Place("endpoint-new", _("Add a webhook"), "external", permission=Permission.MANAGE_ENDPOINTS),
    Place("route-new", _("Add a route"), "bell", permission=Permission.MANAGE_ROUTES),
)


def rail_of(actor: Actor) -> list[Places]:
    """The groups of the rail with the pages that this actor may open; a group without pages is left out."""
    groups = (replace(group, places=tuple(one for one in group.places if may(actor, one.permission))) for group in RAIL)
    return [group for group in groups if group.places]


def places_of(actor: Actor) -> Iterator[Place]:
    """Every page that this actor may open by its name alone."""
    for place in (*(place for group in RAIL for place in group.places), *MORE):
        if may(actor, place.permission) and place.address:
            yield place
