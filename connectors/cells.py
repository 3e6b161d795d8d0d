"""The cells of the lists of connectors, and what they need of the document, as expressions that the database builds."""

from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    Func,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.environments import ENVIRONMENTS
from connectors.models import CallCount, KnownTool, ProbeOutcome, Verification
from connectors.summary import SUMMARY, path_in_document
from connectors.tools.probing import TRANSPORT
from portal.web import marks, words

LONGEST_ENDPOINT = 44


def classes(row: Any, now: datetime) -> SafeString:
    """A, R and S, and whether customers feel it."""
    badge = (
        format_html('<span class="badge badge--line">{}</span>', _("Customer-impacting"))
        if row.customer_impacting
        else ""
    )
    return format_html(
        '<span class="row"><bdi class="mono" dir="ltr">{} · {} · {}</bdi>{}</span>',
        row.approval_class, row.reversibility_class, row.sensitivity_class, badge,
    )  # fmt: skip


def version(row: Any, now: datetime) -> SafeString:
    """The version of the entry over the version of its contract."""
    text = '<span class="two"><span>v{}</span><span>{} <bdi class="mono" dir="ltr">{}</bdi></span></span>'
    return format_html(text, row.version, _("contract"), row.contract_version)


def operations(row: Any, now: datetime) -> SafeString:
    """How many operations it offers, to how many agents."""
    agents = ngettext("one agent", "%(n)s agents", row.agent_count) % {"n": row.agent_count}
    return format_html(
        '<span class="two"><span>{}</span><span>{}</span></span>', row.operation_count, agents
    )  # fmt: skip


def allowed(row: Any, now: datetime) -> SafeString:
    """How many of its operations some agent may call."""
    return format_html('<bdi dir="ltr">{}/{}</bdi>', row.allowed_count, row.operation_count)


def environments(row: Any, now: datetime) -> SafeString:
    """Where some agent may call it, in the order of the stages; nothing where nobody may."""
    named = [one for one in ENVIRONMENTS if one in (row.environments_named or ())]
    if not named:
        return format_html('<span class="faint">{}</span>', "–")
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', ", ".join(named))


def calls(row: Any, now: datetime) -> SafeString:
    """Calls that were allowed and refused in the last day."""
    refused = format_html("<span>{}</span>", _("%d refused") % row.refused_count) if row.refused_count else ""
    return format_html('<span class="two"><span class="num">{}</span>{}</span>', row.call_count, refused)


def endpoint(row: Any, now: datetime) -> SafeString:
    """Where it is reached; whole on hover."""
    short = Truncator(row.endpoint).chars(LONGEST_ENDPOINT)
    return format_html('<bdi class="mono" dir="ltr" title="{}">{}</bdi>', row.endpoint, short)


def route(row: Any, now: datetime) -> SafeString:
    """From which system to which."""
    text = "<bdi>{}</bdi> {} <bdi>{}</bdi>"
    return format_html(text, row.source_system, marks.icon("arrow"), row.destination_system)


def schedule(row: Any, now: datetime) -> SafeString:
    """When it runs, in which zone."""
    text = '<span class="two"><bdi class="mono" dir="ltr">{}</bdi><bdi dir="ltr">{}</bdi></span>'
    return format_html(text, row.schedule, row.time_zone)


def freshness(row: Any, now: datetime) -> SafeString:
    """How old the data may be."""
    return format_html("<bdi>{}</bdi>", words.span_words(float(row.freshness_seconds)))


def _calls(where: Q) -> Any:
    day = Func(
        Value("hour"),
        template="date_trunc(%(expressions)s, statement_timestamp()) - interval '24 hours'",
        output_field=DateTimeField(),
    )
    counts = CallCount.objects.filter(where, connector=OuterRef("id"), hour__gte=day).values("connector")
    return Coalesce(
        Subquery(counts.annotate(n=Sum("calls")).values("n"), output_field=BigIntegerField()), Value(0),
        output_field=BigIntegerField(),
    )  # fmt: skip


# Distinct operations that any line of the allowlist names.
_ALLOWED = Func(
    path_in_document("runtime_tool", "allowlist"),
    Value("$[*].operations[*]"),
    template="(SELECT count(DISTINCT named) FROM jsonb_path_query(%(expressions)s::jsonpath) named)",
    output_field=IntegerField(),
)
ALLOWED_COUNTS = {"allowed_count": _ALLOWED, "operation_count": SUMMARY["operations"]}
# Distinct environments that any line of the allowlist names.
ENVIRONMENTS_NAMED = {
    "environments_named": Func(
        path_in_document("runtime_tool", "allowlist"),
        Value("$[*].environments[*]"),
        template="jsonb_path_query_array(%(expressions)s::jsonpath)",
        output_field=JSONField(),
    )
}
CALL_COUNTS = {"call_count": _calls(Q(reason="")), "refused_count": _calls(~Q(reason=""))}


def contract(row: Any, now: datetime) -> SafeString:
    """Whether its tools are as approved: pinned, how many differ, or not pinned; of today alone."""
    if hasattr(row, "history_id"):
        return format_html('<span class="faint">{}</span>', "–")
    held = marks.state("quarantined") if row.quarantined_at else ""
    if row.drift_count:
        word = ngettext("%(n)s differs", "%(n)s differ", row.drift_count) % {"n": row.drift_count}
        return format_html('<span class="row">{}{}</span>', marks.state("changed", word), held)
    if row.transport != TRANSPORT:
        # Nothing could be asked for its tools: no pin is missing.
        return format_html('<span class="row"><span class="faint">{}</span>{}</span>', _("plain HTTP"), held)
    state = "pinned" if row.pin_count >= row.operation_count else "unpinned"
    word = "" if state == "pinned" or not row.pin_count else f"{row.pin_count}/{row.operation_count}"
    return format_html('<span class="row">{}{}</span>', marks.state(state, word), held)


def last_probe(row: Any, now: datetime) -> SafeString:
    """When its server was looked at last, and that it did not answer."""
    if hasattr(row, "history_id") or row.probed_at is None:
        return format_html('<span class="faint">{}</span>', "–")
    failed = "" if row.probe_outcome == ProbeOutcome.SEEN else ProbeOutcome(row.probe_outcome).label
    if not failed:
        return marks.ago(row.probed_at, now)
    return format_html('<span class="two"><span>{}</span><span>{}</span></span>', marks.ago(row.probed_at, now), failed)


def _of_looks(name: str) -> Subquery:
    return Subquery(Verification.objects.filter(connector_id=OuterRef("id")).values(name)[:1])


_HELD = KnownTool.objects.filter(connector_id=OuterRef("id"), quarantined=True).order_by()
CONTRACT: dict[str, Any] = {
    "pin_count": SUMMARY["tool_pins"],
    "drift_count": Coalesce(Subquery(_HELD.values("connector_id").annotate(number=Count("id")).values("number")), 0),
    "quarantined_at": _of_looks("quarantined_at"),
    "transport": KT("document__runtime_tool__transport"),
}
LAST_PROBE = {"probed_at": _of_looks("probed_at"), "probe_outcome": _of_looks("outcome")}
OPERATION_COUNTS = {"operation_count": SUMMARY["operations"], "agent_count": SUMMARY["allowlisted_agents"]}
SYSTEMS = {
    "source_system": path_in_document("data_movement", "source", "system"),
    "destination_system": path_in_document("data_movement", "destination", "system"),
}
SCHEDULE = {"schedule": SUMMARY["schedule"], "time_zone": path_in_document("data_movement", "time_zone")}
FRESHNESS = {"freshness_seconds": SUMMARY["freshness_seconds"]}
