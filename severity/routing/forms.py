"""The forms of routes, silences and the question who would hear."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from portal.outbox.models import ChatRoom, WebhookEndpoint
from portal.people.models import Team
from severity.models import Route, Severity, Source
from severity.routing.rules import LONGEST_SILENCE_DAYS, OWN_WINDOW_MINUTES, Way
from severity.routing.told import RouteTold, hour_of
from severity.rules import RULES, Level

_DAYS = (
    ("7", _("Sunday")), ("1", _("Monday")), ("2", _("Tuesday")), ("3", _("Wednesday")), ("4", _("Thursday")),
    ("5", _("Friday")), ("6", _("Saturday")),
)  # fmt: skip
_LEVELS = [(level.name, Severity(level.value).label) for level in Level]


def _teams(first: Any) -> list[tuple[str, Any]]:
    return [("", first), *Team.objects.order_by("name").values_list("key", "name")]


def _names(rows: Iterable[str]) -> list[tuple[str, Any]]:
    return [("", "—"), *((name, name) for name in rows)]


class RouteForm(forms.Form):
    """A route: of what, in which hours, to whom, how often."""

    name = forms.CharField(
        label=_("Name"), help_text=_("Lower-case letters, digits, hyphens; fixed once saved: crm-on-call")
    )
    team = forms.ChoiceField(label=_("Incidents of"), required=False)
    least = forms.ChoiceField(label=_("From this severity on"), choices=_LEVELS, initial="V1")
    sources = forms.MultipleChoiceField(label=_("Found by; none means all"), choices=Source.choices, required=False)
    connector = forms.CharField(
        label=_("Key of one connector"), required=False, max_length=60, help_text=_("Empty means all of them.")
    )
    way = forms.ChoiceField(label=_("Tells by"), choices=Way.choices)
    members_of = forms.ChoiceField(label=_("Members of"), required=False)
    endpoint = forms.ChoiceField(label=_("Receiver of webhooks"), required=False)
    room = forms.ChoiceField(label=_("Room"), required=False)
    days = forms.MultipleChoiceField(label=_("Days; none means always"), choices=_DAYS, required=False)
    begins = forms.CharField(label=_("From"), initial="00:00", max_length=5, help_text=_("As 08:00."))
    ends = forms.CharField(
        label=_("Until"), initial="24:00", max_length=5, help_text=_("As 17:00; 24:00 ends the day.")
    )
    zone = forms.CharField(label=_("Time zone"), max_length=60, initial=settings.TIME_ZONE)
    window_minutes = forms.IntegerField(
        label=_("Group for so many minutes"), initial=OWN_WINDOW_MINUTES, min_value=0, max_value=10**6,
        help_text=_("The first notice leaves at once; what else comes of the same connector is one notice after so long."),
    )  # fmt: skip
    repeat_minutes = forms.IntegerField(
        label=_("Tell again after minutes"), required=False, min_value=0, max_value=10**6,
        help_text=_("Until somebody acknowledges. Empty means never."),
    )  # fmt: skip
    escalate_minutes = forms.IntegerField(
        label=_("Escalate after minutes"), required=False, min_value=0, max_value=10**6,
        help_text=_("Without acknowledgement since it was told."),
    )  # fmt: skip
    escalate_to = forms.ChoiceField(label=_("Escalate to"), required=False)
    only_escalated = forms.BooleanField(label=_("Tells only what is escalated to it"), required=False)
    tells_end = forms.BooleanField(label=_("Tells when it is over, too"), required=False, initial=True)
    active = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, route: Route | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if route is not None:
            del self.fields["name"]
        others = Route.objects.filter(active=True, only_escalated=True).exclude(name=route.name if route else "")
        for field, choices in {
            "team": _teams(_("Every team")),
            "members_of": _teams(_("The team that owns it")),
            "endpoint": _names(WebhookEndpoint.objects.order_by("name").values_list("name", flat=True)),
            "room": _names(ChatRoom.objects.order_by("name").values_list("name", flat=True)),
            "escalate_to": _names(others.order_by("name").values_list("name", flat=True)),
        }.items():
            chosen: Any = self.fields[field]
            chosen.choices = choices

    def told(self) -> RouteTold:
        """What was filled in. What belongs to another way of telling is left out."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "name"}
        own = {Way.MEMBERS: "members_of", Way.WEBHOOK: "endpoint", Way.CHAT: "room"}
        for way, field in own.items():
            if given["way"] != way:
                given[field] = ""
        return RouteTold(**given | {"days": tuple(int(day) for day in given["days"])})


def values_of(route: Route) -> dict[str, Any]:
    """A route as its form is filled in."""
    same = (
        "way",
        "zone",
        "window_minutes",
        "repeat_minutes",
        "escalate_minutes",
        "only_escalated",
        "tells_end",
        "active",
    )
    return {name: getattr(route, name) for name in same} | {
        "team": route.team.key if route.team else "",
        "least": f"V{route.least}",
        "sources": route.sources,
        "connector": route.connector.key if route.connector else "",
        "days": [str(day) for day in route.days],
        "begins": hour_of(route.begins),
        "ends": hour_of(route.ends),
        "members_of": route.members_of.key if route.members_of else "",
        "endpoint": route.endpoint.name if route.endpoint else "",
        "room": route.room.name if route.room else "",
        "escalate_to": route.escalate_to.name if route.escalate_to else "",
    }


class SilenceForm(forms.Form):
    """What nobody shall hear of for a while."""

    team = forms.ChoiceField(label=_("Incidents of the team"), required=False)
    connector = forms.CharField(label=_("Key of the connector"), required=False, max_length=60)
    rule = forms.ChoiceField(
        label=_("Cause"), required=False, choices=[("", "—"), *((name, rule.label) for name, rule in RULES.items())]
    )
    minutes = forms.IntegerField(
        label=_("For so many minutes"), initial=60, min_value=1, max_value=10**6,
        help_text=format_lazy(_("At most {days} days. What is still open then is told then."), days=LONGEST_SILENCE_DAYS),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["team"]
        chosen.choices = _teams("—")


class AskedForm(forms.Form):
    """An incident that might be."""

    severity = forms.ChoiceField(label=_("Severity"), choices=_LEVELS, initial="V2")
    connector = forms.CharField(label=_("Key of the connector"), required=False, max_length=60)
    team = forms.ChoiceField(label=_("Owner team"), required=False)
    source = forms.ChoiceField(label=_("Found by"), choices=Source.choices, initial=Source.TASK.value)
    rule = forms.ChoiceField(
        label=_("Cause"), required=False, choices=[("", "—"), *((name, rule.label) for name, rule in RULES.items())]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["team"]
        chosen.choices = _teams(_("The connector's"))
