"""The two kinds of connector, as the generic parts see them."""

from functools import partial
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from connectors import cells, going, rules, troubles
from connectors.backfills.judging import in_work
from connectors.backfills.shown import runbook_tab
from connectors.comparing import compared
from connectors.documents import ConnectorSerializer, DataMovementSerializer, RuntimeToolSerializer
from connectors.facets import FACETS, Facets
from connectors.impact import impact_of
from connectors.importing.copying import copied
from connectors.models import Connector, ConnectorKind, KnownTool, Verification
from connectors.settling import settle
from connectors.summary import SUMMARY
from connectors.syncs import kind as sync_kind
from connectors.syncs.filters import SyncFilter
from connectors.tools import assisting
from connectors.tools import shown as tools_shown
from portal.policy.rules import SensitivityClass
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, Tab, register
from portal.web import cells as common


class ConnectorFilter(EntryFilter):
    """Filters of both lists of connectors."""

    sensitivity_class = django_filters.ChoiceFilter(choices=SensitivityClass.choices, label=_("Sensitivity"))
    customer_impacting = django_filters.BooleanFilter(label=_("Customer-impacting"))
    kind = django_filters.ChoiceFilter(choices=ConnectorKind.choices, label=_("Kind"))
    ordering = django_filters.OrderingFilter(
        fields=[("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")],
        label=_("Order"),
    )

    class Meta:
        model = Connector
        fields: list[str] = []


class ToolFilter(ConnectorFilter):
    """And those of runtime tools, also of the one API of both."""

    drift = django_filters.BooleanFilter(method="drifting", label=_("Tools differ"))
    quarantined = django_filters.BooleanFilter(method="held", label=_("Quarantined"))

    def drifting(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Tools of it are not as approved."""
        found = Exists(KnownTool.objects.filter(connector_id=OuterRef("id"), quarantined=True))
        return queryset.filter(found if value else ~found)

    def held(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Somebody quarantined the whole of it."""
        found = Exists(Verification.objects.filter(connector_id=OuterRef("id"), quarantined_at__isnull=False))
        return queryset.filter(found if value else ~found)


_INTROS: dict[str, Any] = {
    "contract": _("What the facade offers: every operation with its schemas, its effect and its errors."),
    "version": _("The version of that contract, so that callers can see a break coming."),
    "retry": _("How often and when a call is tried again."),
    "timeout": _("How long the facade waits before it gives up."),
    "idempotency_key": _("How a repeated call is told from a new one. Writes may be retried only with a key."),
    "approval_policy_hook": _("Who signs off, how hard it is to undo, how sensitive the data is."),
    "audit_field_mapping": _("Where the facade gets each audit field from."),
    "observability_hooks": _("What it logs, counts and traces."),
    "rollback_notes": _("How to undo or compensate when something went wrong."),
}

_IN_CODE = Section(
    "facade-in-code",
    _("Facade in code"),
    ("facade",),
    _("The module that code imports, and the vendor's packages that nothing else may import."),
)
_GOING = Section(
    "deprecation",
    _("Deprecation"),
    ("deprecation",),
    _("Filled when it is to go: from which day, and what takes its place."),
)
_IDENTITY = Section(
    "identity",
    _("Identity"),
    ("name", "name_ar", "key", "description", "description_ar", "owner", "customer_impacting"),
    intro=_("What it is called, what it is for and who answers for it."),
)


def _facet_sections() -> tuple[Section, ...]:
    fields = Facets().fields
    return tuple(
        Section(
            facet.replace("_", "-"),
            fields[facet].label or facet,
            (f"facets.{facet}",),
            _INTROS[facet],
            facet=True,
        )
        for facet in FACETS
    )


def _columns(*own: Column) -> tuple[Column, ...]:
    return (
        Column("name", _("Name"), common.name, sort="name"),
        Column("chosen", _("Choose"), common.chosen),
        Column("owner", _("Owner"), common.owner),
        Column("state", _("State"), common.state),
        *own,
        Column("classes", _("Classes"), cells.classes),
        Column("version", _("Version"), cells.version, sort="version"),
        Column("updated", _("Changed"), common.updated, sort="updated_at"),
    )


def _kind(kind: ConnectorKind, serializer: type[ConnectorSerializer], **own: Any) -> Kind:
    return Kind(
        name=kind.value,
        model=Connector,
        serializer=serializer,
        label=kind.label,
        collection="connectors",
        summary=SUMMARY,
        facets=FACETS,
        where={"kind": kind.value},
        floor=rules.floor_of,
        touched=rules.touched,
        impact=impact_of,
        settle=settle,
        transition_problems=rules.transition_problems,
        blank=partial(copied, kind),
        actions_template="connectors/actions.html",
        state_problems=going.state_problems,
        state_told=going.state_told,
        compared=compared,
        compared_template="connectors/compared.html",
        # Beside what each kind shows of its own.
        detail=going.beside(own.pop("detail", None)),
        **own,
    )


def register_kinds() -> None:
    """Called once, when the app is ready."""
    register(
        _kind(
            ConnectorKind.RUNTIME_TOOL,
            RuntimeToolSerializer,
            label_plural=_("Runtime tools"),
            purpose=_("Tool calls of an agent during a session: bounded reads and writes behind a facade."),
            examples=_("A CRM lookup, a payment refund, a search over tickets: an MCP server or an HTTP tool."),
            pages="tools",
            starts=((_("From server.json or OpenAPI"), "tools-import"),),
            prefix="RT",
            sections=(
                _IDENTITY,
                *_facet_sections(),
                Section(
                    "endpoint",
                    _("Endpoint and transport"),
                    ("runtime_tool.transport", "runtime_tool.endpoint", "runtime_tool.credential_ref"),
                    _("Where the tool is reached. Secrets are named, never stored."),
                ),
                Section(
                    "allowlist",
                    _("Allowlist"),
                    ("runtime_tool.allowlist", "runtime_tool.tool_pins"),
                    _("Which agent may call which operation; nothing is allowed that is not written here."),
                ),
                Section(
                    "task-sla",
                    _("Task SLA"),
                    ("runtime_tool.task_sla",),
                    _("The clocks of long-running operations. A slip opens an incident."),
                ),
                _IN_CODE,
                _GOING,
            ),
            columns=_columns(
                troubles.column(),
                Column("contract", _("Contract"), cells.contract, needs=cells.CONTRACT),
                Column("probe", _("Last probe"), cells.last_probe, needs=cells.LAST_PROBE),
                Column("allowed", _("Tools allowed/known"), cells.allowed, needs=cells.ALLOWED_COUNTS),
                Column("calls", _("Calls 24 h"), cells.calls, needs=cells.CALL_COUNTS),
                Column("environments", _("Environments"), cells.environments, needs=cells.ENVIRONMENTS_NAMED),
                Column("operations", _("Operations"), cells.operations, needs=cells.OPERATION_COUNTS),
                Column("endpoint", _("Endpoint"), cells.endpoint),
            ),
            filterset=ToolFilter,
            detail_template="connectors/runtime_tool.html",
            detail=tools_shown.summary,
            tabs=(Tab("tools", _("Tools"), "connectors/tools_tab.html", tools_shown.tab),),
            head=tools_shown.head,
            bulk_template="connectors/tools_bulk.html",
            assist=assisting.assist,
            assist_in="endpoint",
            assist_template="connectors/probe_assist.html",
            banner_template="connectors/tools_banner.html",
            other_kind_hint=_("Moving data on a schedule? Register a data sync instead."),
        )
    )
    register(
        _kind(
            ConnectorKind.DATA_MOVEMENT,
            DataMovementSerializer,
            label_plural=_("Data syncs"),
            purpose=_("Scheduled or batch replication between systems, with an owner, a freshness SLA and a runbook."),
            examples=_("CRM accounts into the warehouse every two hours, invoices into the finance mart at night."),
            pages="syncs",
            starts=((_("From Airbyte metadata"), "syncs-import"),),
            prefix="DM",
            sections=(
                _IDENTITY,
                *_facet_sections(),
                Section(
                    "route",
                    _("Source and destination"),
                    ("data_movement.source", "data_movement.destination"),
                    _("What moves from where to where."),
                ),
                Section(
                    "schedule",
                    _("Schedule and freshness"),
                    (
                        "data_movement.schedule",
                        "data_movement.time_zone",
                        "data_movement.freshness_seconds",
                        "data_movement.retention_days",
                    ),
                    _("How often it runs, how old the data may be, how long it is kept."),
                ),
                Section(
                    "backfill-runbook",
                    _("Backfill runbook"),
                    ("data_movement.backfill_runbook",),
                    _("How history is loaded again when it must be."),
                ),
                Section(
                    "jobs-api",
                    _("Jobs API"),
                    ("data_movement.jobs_api",),
                    _("Where runs are looked up, if nobody reports them."),
                ),
                _IN_CODE,
                _GOING,
            ),
            columns=sync_kind.COLUMNS,
            filterset=SyncFilter,
            detail_template="connectors/data_movement.html",
            detail=sync_kind.summary,
            tabs=(
                Tab("runs", _("Runs"), "connectors/sync_runs.html", sync_kind.runs),
                Tab("sla", _("SLA"), "connectors/sync_sla.html", sync_kind.sla),
                Tab("runbook", _("Runbook"), "connectors/backfills/runbook.html", runbook_tab),
            ),
            links=((_("Backfills"), "backfills"),),
            retiring_problems=in_work,
            bulk_template="connectors/sync_bulk.html",
            exports=sync_kind.EXPORTS,
            other_kind_hint=_("A tool that an agent calls in a session? Register a runtime tool instead."),
        )
    )
