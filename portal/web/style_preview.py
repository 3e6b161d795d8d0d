"""The living style page: every component once, with sample data. Nothing here reads the registry."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.people.guards import not_allowed
from portal.roles import Permission, may
from portal.web.views.base import PageView

FACETS = (
    "Contract",
    "Version",
    "Retry",
    "Timeout",
    "Idempotency key",
    "Approval hook",
    "Audit mapping",
    "Observability",
    "Rollback notes",
)
DIGEST = "9f2c41d07be9a6c5d3cf0b7a44ce5d7f0a3be4f2a1d6b7c8e9f00112233445566"


class SampleFilter(forms.Form):
    """The shape of a filter bar."""

    q = forms.CharField(label="Name or id", required=False, widget=forms.SearchInput)
    owner = forms.ChoiceField(label="Owner", required=False, choices=[("", "Any"), ("rev", "Revenue operations")])
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), ("active", "Active")])


def _field(name: str, label: str, control: str = "text", **more: Any) -> dict[str, Any]:
    return {"type": "field", "name": name, "id": f"id_{name}", "label": label, "control": control, **more}


def _operation(index: int, name: str) -> dict[str, Any]:
    path = f"operations[{index}]"
    options = [
        {"value": "read", "label": "read", "selected": index == 0},
        {"value": "write", "label": "write", "selected": index == 1},
    ]
    return {
        "path": path,
        "label": f"Operation {index + 1}",
        "nodes": [
            _field(f"{path}.name", "Name", value=name, mono=True, span=6, required=True, help="As agents call it."),
            _field(f"{path}.mode", "Mode", "select", options=options, span=3),
            _field(f"{path}.effect", "Has an effect outside", "checkbox", value=index == 1, span=3),
        ],
    }


def sections() -> list[dict[str, Any]]:
    """Two sections of a form with every control and both kinds of trouble."""
    classes = [
        {"value": "S1", "label": "S1 internal", "selected": True},
        {"value": "S2", "label": "S2 confidential", "help": "Needs a lead."},
    ]
    identity = [
        _field(
            "name",
            "Name",
            value="HubSpot CRM",
            required=True,
            span=6,
            help="What people call it.",
            example="HubSpot CRM",
        ),
        _field("key", "Key", value="Hub Spot", mono=True, span=6, errors=["Use small letters, digits and hyphens."]),
        _field("about", "Description", "textarea", value="Deals and contacts of the sales team.", optional_word=True),
        _field("class", "Sensitivity", "radios", options=classes, help="Of the data it carries."),
        _field("locked", "Facade package", value="facades.hubspot", mono=True, disabled=True, why="Fixed at start."),
    ]
    contract = [
        {
            "type": "rows",
            "id": "id_operations",
            "path": "operations",
            "label": "Operations",
            "help": "One for each call an agent may make.",
            "add_label": "Add an operation",
            "items": [_operation(0, "lookup_customer"), _operation(1, "send_campaign")],
        },
        {
            "type": "group",
            "id": "id_retry",
            "label": "Retry",
            "nodes": [
                _field("retry.attempts", "Attempts", "number", value=3, min=1, max=10, span=3),
                _field("retry.schema", "Schema", "code", value='{"type": "object"}', rows=3),
            ],
        },
    ]
    return [
        {"id": "s-identity", "title": "Identity", "state": "error", "nodes": identity, "help": "Who it is."},
        {"id": "s-contract", "title": "Contract", "state": "filled", "nodes": contract},
    ]


def sample(now: datetime) -> dict[str, Any]:
    """The context of templates/style.html; every clock counts from `now`."""
    people = ["Revenue operations", "Finance platform", "Sales engineering"]
    names = ["HubSpot CRM", "Zatca e-invoicing", "WhatsApp Business", "Claude API", "خدمة الفواتير", "Jira"]
    rows = [
        {
            "id": f"RT-{number:03}",
            "name": name,
            "owner": people[number % 3],
            "state": ("active", "active", "in_review", "draft", "active", "deprecated")[number - 1],
            "quarantined": number == 3,
            "segments": [
                {"label": facet, "state": "filled" if place < 10 - number else "missing"}
                for place, facet in enumerate(FACETS)
            ],
            "deadline": now + timedelta(minutes=(-84, 4, 20, 300, 2900, -2)[number - 1]),
            "calls": (18_204, 912, 0, 44_018, 310, 7)[number - 1],
        }
        for number, name in enumerate(names, 1)
    ]
    return {
        "rows": rows,
        "columns": [
            {"label": "Name", "sort": "name"},
            {"label": "Kind"},
            {"label": "Owner", "sort": "owner"},
            {"label": "Lifecycle"},
            {"label": "Facets"},
            {"label": "Deadline", "sort": "deadline"},
            {"label": "Calls 24 h", "sort": "calls", "numeric": True},
            {"label": "Incident"},
        ],
        "filter_form": SampleFilter({"owner": "rev"}),
        "segments": [
            {"label": facet, "state": ("filled", "weak", "missing")[(place > 5) + (place > 6)], "href": "#s-contract"}
            for place, facet in enumerate(FACETS)
        ],
        "sections": sections(),
        "errors": [{"href": "#id_key", "message": "Key: use small letters, digits and hyphens."}],
        "crumbs": [{"href": "#tools", "label": "Runtime tools"}, {"href": "#hub", "label": "HubSpot CRM"}],
        "tabs": [
            {"label": "Summary", "href": "#", "current": True},
            {"label": "Facade", "href": "#facade"},
            {"label": "Versions", "href": "#versions", "count": 15},
            {"label": "Incidents", "href": "#incidents", "count": 2},
        ],
        "facts": [
            {"label": "Endpoint", "value": "https://mcp.example.com/crm", "mono": True},
            {"label": "Owner", "value": "Revenue operations", "href": "#"},
            {"label": "On call", "value": ""},
            {"label": "Total timeout", "value": "30 s", "note": "connect 2 s, read 20 s"},
        ],
        "entries": [
            {
                "at": now - timedelta(seconds=40),
                "text": "Raised to V2",
                "shape": "v2",
                "tone": "risk",
                "actor": "sweep",
            },
            {"at": now - timedelta(minutes=12), "text": "Acknowledged", "shape": "half", "actor": "omar"},
            {
                "at": now - timedelta(hours=2),
                "text": "Deadline passed",
                "shape": "clock",
                "tone": "bad",
                "note": "task 7f31 was still working",
            },
        ],
        "changes": [
            {"label": "Total timeout", "path": "timeout.total_s", "old": "60", "new": "30", "facet": True},
            {"label": "Owner", "path": "owner", "old": "Sales engineering", "new": "Revenue operations"},
            {"label": "Runbook", "path": "runbook", "old": None, "new": "https://runbooks.example.com/crm"},
        ],
        "lines": [
            {"type": "hunk", "text": "@@ timeout @@"},
            {"type": "same", "text": " connect_s: 2"},
            {"type": "del", "text": "-total_s: 60"},
            {"type": "add", "text": "+total_s: 30"},
        ],
        "digest": f"sha256:{DIGEST}",
        "palette": [
            ("Runtime tools", [{"label": "HubSpot CRM", "address": "#hub", "icon": "plug"}]),
            ("Do", [{"label": "Declare an incident", "address": "#declare", "icon": "incident"}]),
        ],
        "steps": [
            {
                "title": "Name the teams that own things",
                "text": "Two are there.",
                "done": True,
                "href": "#teams",
                "label": "Teams",
            },
            {"title": "Register the first connector", "text": "", "done": False, "href": "#new", "label": "Register"},
        ],
        "levels": ("V3", "V2", "V1", "V0"),
        "states": ("draft", "in_review", "active", "deprecated", "quarantined", "open", "acknowledged", "resolved"),
        "task_states": ("running", "stalled", "input_required", "completed_late", "failed", "lost", "on_time", "late"),
        "consequences": ["Calls to 4 tools are refused at once.", "A V1 incident opens."],
        "late": now - timedelta(hours=1, minutes=24),
        "soon": now + timedelta(minutes=20),
        "far": now + timedelta(days=2, hours=3),
    }


class StylePage(PageView):
    """All components on one page, for eyes and for the checks of contrast, labels and policy."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """For administrators, and for whoever builds the portal."""
        if not settings.DEBUG and not may(self.actor, Permission.MANAGE_PEOPLE):
            raise PermissionDenied(not_allowed(Permission.MANAGE_PEOPLE))
        return render(request, "style.html", sample(self.now))
