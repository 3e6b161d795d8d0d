"""Tables with many rows: one real row of each, multiplied by one statement, as a large company has them."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import django_filters
from django.apps import apps
from django.db import connection
from django.db.models import Model

from connectors.allowlist.pages import AgentFilter
from connectors.models import Connector, TrackedTask
from connectors.models.task import CLOCKS
from connectors.task_filters import TaskFilter
from events.models import EventFamily, EventSchema
from metrics.models import Checkpoint, Dataset, Metric, Workflow
from portal.audit.models import AuditLine
from portal.changes.filters import ChangeFilter
from portal.changes.models import ChangeRequest
from portal.outbox.filters import DeliveryFilter, NoticeFilter
from portal.outbox.models import OutboxEvent
from portal.people.filters import PersonFilter, TeamFilter, TokenFilter
from portal.people.models import User
from portal.registry import kinds
from portal.roles import ActorType
from portal.web.views.audit import AuditFilter
from severity import sweep
from severity.claims.filters import ClaimFilter
from severity.filters import IncidentFilter
from severity.models import Claim, Incident, ReleaseCandidate, Source
from severity.readiness import Dimension
from severity.rules import RULES
from tests.documents import data_movement_document, runtime_tool_document
from tests.events.registering import family, version
from tests.metrics.lineage.telling import dataset
from tests.metrics.quality.checking import checkpoint, workflow
from tests.metrics.registering import metric
from tests.people import team
from tests.registering import apply_connector, submitted
from tests.releases import world as releases
from tests.severity.claims.world import claims
from tests.severity.slipping import PASSED, running

# Words that rows of a large company share, so that a search finds some, many or none of them.
NAMES = "(ARRAY['Billing','Payroll','Ledger','Customer','Inventory','Shipping','خدمة','الفواتير'])[1 + n % 8] || ' ' || " \
    "(ARRAY['sync','lookup','export','warehouse','gateway'])[1 + n / 8 % 5] || ' ' || n"  # fmt: skip
# A few dozen teams own what there is.
TEAMS = 30
PEOPLE = 31
# What a task that has ended has no longer.
OVER = dict.fromkeys((*(f"{clock}_clock" for clock in CLOCKS), "next_poll_at", "judge_at", "busy_until"), "NULL")
# The words that its incidents, tasks, lines and messages have, most of them rare.
RULE_WORDS = ", ".join(f"'{name}'" for name in RULES)
ROW_WORDS = ", ".join(f"'{name}'" for name in Dimension.values)
SOURCE_WORDS = ", ".join(f"'{name}'" for name in Source.values)
ACTOR_WORDS = ", ".join(f"'{name}'" for name in ActorType.values)


def multiply(model: type[Model], count: int, *, where: str = "true", **columns: str) -> None:
    """So many copies of the first row, each column as SQL over its number `n` where one is given."""
    table = model._meta.db_table
    named: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        if not field.primary_key and not field.generated and field.column:
            named[field.column] = columns.get(field.column, f"one.{field.column}")
    assert set(columns) <= set(named), set(columns) - set(named)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(named)}) SELECT {', '.join(named.values())} "
            f"FROM (SELECT * FROM {table} WHERE {where} ORDER BY id LIMIT 1) AS one, generate_series(1, {count}) AS n"
        )


def mostly_ended(count: int) -> None:
    """One open task among so many that ended, as it is after a while; the database knows it."""
    running(deadline=timedelta(hours=3))
    multiply(TrackedTask, count, remote_task_id="'over-' || n", idempotency_key="'over-' || n", state="'completed'",
             ended_at="one.accepted_at", deadline_at="one.deadline_at - n * interval '1 minute'", **OVER)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TrackedTask._meta.db_table}")


def entries(model: type[Model], count: int, *, where: str = "true", **columns: str) -> None:
    """So many copies of an entry, with keys, names, owners, states and moments of their own."""
    made = {"key": "one.key || '-' || n", "name": NAMES, "owner_id": _some_team(), "version": "1 + n % 9",
            "updated_at": "one.updated_at - n * interval '1 minute'",
            "created_at": "one.created_at - n * interval '2 minutes'"}  # fmt: skip
    multiply(model, count, where=where, **(made | columns))


def fill(share: int) -> None:
    """Every list with rows: `share` is how many of the largest tables, the others in proportion."""
    tool, sync = apply_connector(runtime_tool_document()), apply_connector(data_movement_document())
    # Through the services, so that what the copies look like is what there is.
    family(), version(), metric(), dataset(), checkpoint(), workflow()
    submitted(runtime_tool_document("waiting"), summary="Register the waiting one")
    running(deadline=PASSED), running(deadline=timedelta(hours=3))
    sweep.tick()
    claims()
    releases.well()
    for number in range(TEAMS):
        team(f"team-{number}")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox_outboxevent SET due_at = NULL")
    half, fourth = share // 2, share // 4
    entries(Connector, half, where=f"id = {tool.pk}")
    entries(Connector, half, where=f"id = {sync.pk}")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connectors_syncstate (connector_id, fresh_until, pause_reason, paused_by, pull_lease, pull_failures, "
            "pull_detail) SELECT id, CASE WHEN id % 9 > 0 THEN now() + id % 5000 * interval '1 minute' END, '', '', 0, 0, '' "
            "FROM connectors_connector WHERE kind = 'data_movement' ON CONFLICT DO NOTHING"
        )
    for model in (EventFamily, Checkpoint, Workflow):
        entries(model, fourth)
    entries(Dataset, fourth, dataset="one.dataset || n")
    entries(Metric, fourth, key="one.key || '_' || n")
    entries(EventSchema, fourth, major="one.major + n")
    entries(ReleaseCandidate, fourth)
    minutes = "n * interval '1 minute'"
    multiply(ChangeRequest, share, where="state = 'in_review'", key="'tool-' || n", summary=NAMES,
             submitted_at=f"one.submitted_at - {minutes}", sign_by=f"one.sign_by - {minutes}")  # fmt: skip
    tools = f"{tool.pk} + CASE WHEN n % 9 = 0 THEN 0 ELSE 2 + n % {min(200, half)} END"
    named: dict[str, str] = {"connector_id": tools, "owner_id": _some_team(), "operation": "'op-' || n % 20",
                             "deadline_at": "one.deadline_at + n * interval '10 minutes'"}  # fmt: skip
    multiply(TrackedTask, share, where="ended_at IS NULL", remote_task_id="'remote-' || n", idempotency_key="'key-' || n",
             state="CASE n % 50 WHEN 0 THEN 'start_unknown' ELSE 'working' END", **named)  # fmt: skip
    multiply(TrackedTask, half, remote_task_id="'over-' || n", idempotency_key="'over-' || n",
             state="CASE n % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'expired' ELSE 'completed' END",
             ended_at=f"one.accepted_at - {minutes}", **named, **OVER)  # fmt: skip
    multiply(Incident, share, dedup_key="'copy:' || n", title=NAMES, task_id="NULL", owner_id=_some_team(),
             severity="CASE WHEN n % 5 = 0 THEN n % 4 ELSE n % 3 END", escalate_at="NULL", duty_clock="NULL",
             state="(ARRAY['open','resolved','resolved','resolved','resolved'])[1 + n % 5]",
             resolved_at="CASE WHEN n % 5 = 0 THEN NULL ELSE one.opened_at END", connector_id=tools,
             rule=f"(ARRAY[{RULE_WORDS}])[1 + n % {len(RULES)}]", subject_key="'tool-' || n % 500",
             dimension=f"CASE WHEN n % 2 = 0 THEN '' ELSE (ARRAY[{ROW_WORDS}])[1 + n % {len(Dimension)}] END",
             source=f"(ARRAY[{SOURCE_WORDS}])[1 + n % {len(Source)}]",
             merged_into_id="CASE WHEN n % 50 = 1 THEN one.id END",
             opened_at=f"one.opened_at - {minutes}")  # fmt: skip
    multiply(AuditLine, share, object_key="'tool-' || n", actor_name="'person-' || n % 40",
             actor_type=f"CASE WHEN n % 8 < 5 THEN 'human' ELSE (ARRAY[{ACTOR_WORDS}])[1 + n % 5] END")  # fmt: skip
    multiply(Claim, share, reference="one.reference || '/' || n", statement=NAMES, owner_id=_some_team())
    multiply(OutboxEvent, share, dedup_key="'copy:' || n", subject=NAMES,
             topic="(ARRAY['incident.opened','incident.resolved','change.applied','tool.drifted'])[1 + n % 4]")  # fmt: skip
    multiply(User, PEOPLE, username="'person-' || n", email="'person-' || n || '@example.com'")
    with connection.cursor() as cursor:
        cursor.execute(
            # A tenth of them is of one person, who has read most of it.
            "INSERT INTO outbox_notice (event_id, user_id, reason, read_at) SELECT event.id, person.id, "
            "CASE event.id %% 7 WHEN 0 THEN 'incident' WHEN 1 THEN 'mention' ELSE 'team' END, "
            "CASE WHEN event.id %% 30 > 0 THEN event.created_at END FROM outbox_outboxevent event JOIN people_user person "
            "ON person.username = CASE WHEN event.id %% 10 = 0 THEN 'omar' ELSE 'person-' || 1 + event.id %% %s END "
            "ON CONFLICT DO NOTHING",
            [PEOPLE],
        )
        cursor.execute(
            "INSERT INTO outbox_delivery (event_id, channel, receiver, due_at, attempts, delivered_at) "
            "SELECT id, CASE id % 50 WHEN 0 THEN 'chat' WHEN 1 THEN 'email' ELSE 'webhook' END, 'pager-' || id % 40, "
            "CASE WHEN id % 40 = 0 THEN now() END, id % 3, CASE WHEN id % 40 > 1 THEN now() END "
            "FROM outbox_outboxevent ON CONFLICT DO NOTHING"
        )
        # Not of the whole server: its own catalogues would stay locked until the end of the transaction.
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in apps.get_models()))


def _some_team() -> str:
    return f"(SELECT min(id) FROM people_team) + n % {TEAMS}"


def lists() -> list[tuple[str, str, type[Any] | None]]:
    """(address, who looks, the FilterSet of its filters and orders) of every list of the pages."""
    told: list[tuple[str, str, type[Any] | None]] = [
        (f"/{kind.pages}/", "amal", kind.filterset) for kind in kinds.all_kinds() if not kind.single
    ]
    return [
        *told,
        ("/approvals/", "omar", ChangeFilter),
        ("/approvals/?tab=team", "omar", ChangeFilter),
        ("/approvals/?tab=decided", "omar", ChangeFilter),
        ("/tasks/?tab=all", "yusuf", TaskFilter),
        ("/tasks/", "yusuf", TaskFilter),
        ("/tasks/?tab=needs", "yusuf", TaskFilter),
        ("/tasks/?tab=ended", "yusuf", TaskFilter),
        ("/incidents/", "yusuf", IncidentFilter),
        ("/incidents/?tab=resolved", "yusuf", IncidentFilter),
        ("/incidents/?tab=all", "yusuf", IncidentFilter),
        ("/claims/", "yusuf", ClaimFilter),
        ("/claims/?tab=all", "yusuf", ClaimFilter),
        ("/audit/", "huda", AuditFilter),
        ("/notices/", "omar", NoticeFilter),
        ("/notices/?tab=all", "omar", NoticeFilter),
        ("/deliveries/", "adam", DeliveryFilter),
        ("/settings/people/", "adam", PersonFilter),
        ("/settings/teams/", "adam", TeamFilter),
        ("/settings/tokens/", "adam", TokenFilter),
        ("/agents/", "vera", AgentFilter),
        ("/sla/", "yusuf", None),
        ("/watchlist/", "vera", None),
        ("/maintenance/", "amal", None),
        ("/", "omar", None),
    ]


def asked_of(filterset: type[Any] | None) -> list[str]:
    """Queries that a list is asked with: each order both ways, each filter with something common, something rare, and nothing."""
    if filterset is None:
        return [""]
    queries = [""]
    for name, one in filterset.base_filters.items():
        if isinstance(one, django_filters.OrderingFilter):
            queries += [f"sort={sign}{order}" for order in one.param_map for sign in ("", "-")]
        elif isinstance(one, django_filters.BooleanFilter):
            queries += [f"{name}=true", f"{name}=false"]
        elif isinstance(one, django_filters.ModelChoiceFilter):
            queries += [f"{name}=team-3"]
        elif isinstance(one, django_filters.ChoiceFilter | django_filters.MultipleChoiceFilter):
            choices = one.extra["choices"]
            values = [value for value, _label in (choices() if callable(choices) else choices)]
            queries += [f"{name}={value}" for value in (values[0], values[-1])]
        else:
            queries += [f"{name}={words}" for words in ("billing", "bi", "ledger gateway 998", "nothing-of-it")]
    return [quote(query, safe="=&-") for query in queries]
