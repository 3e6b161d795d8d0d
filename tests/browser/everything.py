"""Every page of the portal, each with something on it."""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from connectors.allowlist.deciding import Call, decide
from connectors.demo.tools import PLANS
from connectors.tools.recording import quarantine
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.outbox import lanes, rooms
from portal.outbox.models import Delivery, Notice, WebhookEndpoint
from portal.outbox.rooms import Room
from portal.saved.services import save_view
from severity import sweep
from severity.gate import services as gate
from severity.models import GateException, Incident, ReleaseCandidate
from severity.routing import services as routing
from severity.routing.told import RouteTold
from severity.rules import Level
from tests.connectors.backfills import world as backfills
from tests.connectors.syncs.world import announced, run
from tests.connectors.syncs.world import report as report_run
from tests.connectors.tools.world import LOOKUP, UPDATE, Shelf, looked, registered
from tests.connectors.tools.world import tool as definition_of
from tests.connectors.tracking import world
from tests.documents import data_movement_document, runtime_tool_document, without
from tests.events.registering import family, version
from tests.events.test_registry import with_field
from tests.metrics.deciding import choice, decision
from tests.metrics.lineage.telling import bound, dataset, event, tell
from tests.metrics.quality.checking import check, checkpoint, report, result, workflow
from tests.metrics.registering import metric
from tests.metrics.test_plot import incident_of, measured
from tests.people import actor
from tests.registering import EVIDENCE, apply_connector, approved, proposed, submitted
from tests.releases import world as release_world
from tests.servers.scripted import ScriptedServer
from tests.severity.claims.world import claims
from tests.severity.slipping import PASSED, running

# (name of the URL pattern, who looks, address)
Asked = tuple[str, str, str]
TABS = ("diff", "document", "evidence", "impact", "checks", "discussion")


def newer(key: str) -> None:
    """A second version of a tool, applied."""
    document = runtime_tool_document(key, {"facets.retry.max_attempts": 5, "facets.version.number": "1.0.1"})
    now = database_now()
    change = services.propose(
        actor=actor("amal"),
        kind_name="runtime_tool",
        key=key,
        draft=Draft(document=document, evidence=EVIDENCE),
        base_version=1,
        now=now,
    )
    approved(services.submit(actor=actor("amal"), change_id=change.pk, now=now), "omar")


def conflicting(key: str) -> ChangeRequest:
    """A change in review that came apart from its object: both sides changed the retries."""
    versioned = {"facets.retry.max_attempts": 7, "facets.version.number": "1.0.2"}
    left = submitted(runtime_tool_document(key, versioned), summary="Retry most")
    other = {"facets.retry.max_attempts": 2, "facets.version.number": "1.0.3"}
    approved(submitted(runtime_tool_document(key, other), summary="Retry least"), "omar")
    return left


def differing() -> None:
    """A quarantined tool of which one operation is not as approved and another one is new."""
    with ScriptedServer() as server:
        shelf = Shelf(server, LOOKUP)
        registered(shelf, LOOKUP, key="odd-tool")
        looked("odd-tool")
        shelf.put(definition_of(description="يبحث عن عميل. Finds a customer.", annotations={}), UPDATE)
        looked("odd-tool")
    quarantine(actor=actor("yusuf"), key="odd-tool", reason="Its answers are odd.", now=database_now())


def releases() -> tuple[ReleaseCandidate, ReleaseCandidate]:
    """A candidate at canary with a V2 under an exception, and another of which nobody has said anything."""
    release_world.well()
    candidate = release_world.promoted(to="canary")
    found = release_world.excepted(release_world.trouble(Level.V2), database_now() + timedelta(hours=3))
    assert found.live(database_now())
    release_world.trouble(Level.V1, "", key="trouble:2")
    gate.ask(actor=actor("amal"), key=candidate.key, to="prod", way="page")
    return candidate, release_world.release("r-2026.11", build="ci-4700", commit="0" * 40)


def routed() -> None:
    """A room, two routes of which one escalates to the other, and a silence."""
    now, adam = database_now(), actor("adam")
    rooms.add_room(actor=adam, name="ops", room=Room("env:CREDENTIAL_ROOM"), now=now)
    last = RouteTold(way="chat", room="ops", least="V2", only_escalated=True)
    routing.add_route(actor=adam, name="crm-lead", told=last, now=now)
    day = RouteTold(
        way="members", team="crm-team", days=(7, 1, 2, 3, 4), begins="08:00", ends="17:00", repeat_minutes=30,
        escalate_minutes=15, escalate_to="crm-lead",
    )  # fmt: skip
    routing.add_route(actor=adam, name="crm-day", told=day, now=now)
    routing.silence(actor=adam, minutes=90, reason="The CRM moves. ينتقل النظام", team="crm-team", now=now)


def every_page() -> list[Asked]:
    """(name of the URL pattern, who looks, address) of every page, with something on each."""
    tool, sync = apply_connector(runtime_tool_document()), apply_connector(data_movement_document())
    newer(tool.key)
    loading = backfills.backfill()
    backfills.say(backfills.taken("airflow-1"))
    backfills.taken("airflow-2", seconds=-1)
    draft = proposed(without(runtime_tool_document("half-tool"), "facets.retry"), summary="Begin")
    waiting = submitted(runtime_tool_document("new-tool"), summary="Register the new tool")
    done = approved(submitted(runtime_tool_document("old-tool"), summary="Register the old tool"), "omar")
    leaving = {"deprecation.sunset_on": "2099-01-31", "deprecation.replaced_by": tool.key}
    leaves = apply_connector(runtime_tool_document("old-tool", leaving), to_state="deprecated")
    late = conflicting(tool.key)
    urgent = submitted(runtime_tool_document("urgent-tool"), summary="Register the urgent tool")
    urgent = decisions.apply_in_emergency(
        actor=actor("khalid"), change_id=urgent.pk, digest=urgent.digest, reason="The CRM is down.", now=database_now()
    )
    differing()
    task = running(deadline=PASSED)
    running(impacting=True, deadline=PASSED)
    for operation in PLANS:
        world.start(task.connector, operation)
    sweep.tick()
    family()
    one, two = version(), version("1.1.0", with_field())
    number = metric(certified_until="2027-01-31", range_low="10", range_high="90")
    measured(
        number, [(day, Decimal(day * 7 % 100), {}) for day in range(1, 40)] + [(2, Decimal(5), {"region": "الرياض"})]
    )
    incident_of(number)
    ruled, chosen = decision(), choice()
    bound()
    stored = dataset(written_by=["orders-to-warehouse"], metrics=["revenue_sar"])
    tell(event(at=database_now().isoformat()))
    # Before the checkpoint that fails, which holds up every promotion.
    candidate, waits = releases()
    checked, consuming = checkpoint(), workflow()
    report(result("r", check("fail", "email", type="be_unique"), check("error", "order_id", exception="KeyError")))
    decision(2, supersedes=["adr-0001"])
    lanes.expand()
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:3]).update(
        due_at=None, last_error="Given up: no answer."
    )
    WebhookEndpoint.objects.create(name="pager", url="https://hooks.example/in", secret_ref="env:CREDENTIAL_HOOK")
    routed()
    standing, open_claim = claims()
    for operation, environment in (("lookup_customer", "prod"), ("lookup_customer", "canary"), ("no_such", "prod")):
        decide(Call("support-agent", tool.key, operation, environment), actor=actor("vera"))
    report_run(run("nightly", rows=12, streams=[{"name": "accounts", "rows": 9}, {"name": "deals"}]), sync.key)
    report_run(run("broken", "failed", ago=timedelta(minutes=4), note="The source refused."), sync.key)
    breaking = announced(sync.key)
    mild, *_, bad = Incident.objects.order_by("severity")
    for place in range(3):
        save_view(actor=actor("amal"), path="/tools/", name=f"View {place} عرض", query="state=active&columns=name",
                  shared=place > 1, pinned=True, now=database_now())  # fmt: skip
    return [
        ("sign-in", "", reverse("sign-in")),
        ("overview", "omar", reverse("overview")),
        ("overview", "vera", reverse("overview")),
        ("search", "amal", reverse("search") + "?q=crm"),
        ("search", "amal", reverse("search") + "?q=zzz"),
        ("audit", "huda", reverse("audit")),
        ("register", "amal", reverse("register")),
        ("approvals", "omar", reverse("approvals")),
        ("approvals", "amal", reverse("approvals") + "?tab=mine"),
        *(("change", who, reverse("change", args=[one.human_id])) for who, one in
          (("amal", draft), ("amal", waiting), ("omar", waiting), ("vera", done))),
        *(("change", "omar", f"{waiting.get_absolute_url()}?tab={tab}") for tab in TABS),
        ("change-amend", "omar", reverse("change-amend", args=[waiting.human_id])),
        *(("change", who, reverse("change", args=[late.human_id])) for who in ("amal", "omar")),
        ("change", "huda", reverse("change", args=[urgent.human_id])),
        ("approvals", "omar", reverse("approvals") + "?tab=team"),
        ("change-edit", "amal", reverse("change-edit", args=[draft.human_id]) + "?check=1"),
        *(("views", who, reverse("views")) for who in ("amal", "vera")),
        ("style", "adam", reverse("style")),
        ("notices", "omar", reverse("notices")),
        ("notices", "vera", reverse("notices")),
        ("notice", "omar", reverse("notice", args=[Notice.objects.filter(user__username="omar").latest("id").pk])),
        ("notice-choices", "omar", reverse("notice-choices")),
        ("deliveries", "adam", reverse("deliveries")),
        ("endpoints", "adam", reverse("endpoints")),
        ("endpoint-new", "adam", reverse("endpoint-new")),
        ("endpoint", "adam", reverse("endpoint", args=["pager"])),
        *((name, "adam", reverse(name)) for name in ("rooms", "room-new", "routes", "route-new", "silences")),
        ("room", "adam", reverse("room", args=["ops"])),
        *(("route", who, reverse("route", args=["crm-day"])) for who in ("adam", "vera")),
        ("who-hears", "vera", reverse("who-hears") + "?severity=V2&team=crm-team&source=task"),
        ("settings", "omar", reverse("settings")),
        ("people", "adam", reverse("people")),
        ("person-new", "adam", reverse("person-new")),
        *(("person", "adam", reverse("person", args=[name])) for name in ("omar", "adam")),
        *(("teams", who, reverse("teams")) for who in ("adam", "vera")),
        ("team", "adam", reverse("team", args=["crm-team"])),
        ("tokens", "adam", reverse("tokens")),
        ("events", "amal", reverse("events")),
        ("event-schemas", "amal", reverse("event-schemas")),
        ("entry", "amal", reverse("entry", args=["events", one.family])),
        *(("entry", "amal", shown.get_absolute_url()) for shown in (one, two)),
        ("entry-new", "amal", reverse("entry-new", args=["event-schemas"])),
        ("metrics", "amal", reverse("metrics")),
        *(("entry", "amal", number.get_absolute_url() + query) for query in ("", "?split=1")),
        ("entry-new", "amal", reverse("entry-new", args=["metrics"])),
        ("metrics-import", "amal", reverse("metrics-import")),
        ("decisions", "amal", reverse("decisions")),
        ("lineage-choice", "amal", reverse("lineage-choice")),
        ("lineage", "amal", reverse("lineage")),
        ("lineage", "vera", reverse("lineage") + "?focus=metric:revenue_sar&depth=1"),
        ("datasets", "amal", reverse("datasets")),
        *(("entry", "amal", shown.get_absolute_url()) for shown in (ruled, chosen, stored)),
        ("checkpoints", "amal", reverse("checkpoints")),
        ("workflows", "amal", reverse("workflows")),
        *(("entry", "amal", shown.get_absolute_url()) for shown in (checked, consuming)),
        *(("entry-new", "amal", reverse("entry-new", args=[pages])) for pages in ("checkpoints", "workflows")),
        ("entry-new", "amal", reverse("entry-new", args=["decisions"])),
        ("releases", "amal", reverse("releases")),
        ("exceptions", "amal", reverse("exceptions")),
        *(("entry", who, one.get_absolute_url()) for who, one in (("amal", candidate), ("vera", candidate), ("amal", waits))),
        ("entry", "amal", candidate.get_absolute_url() + "?rows=not-ok"),
        ("entry", "amal", GateException.objects.get().get_absolute_url()),
        ("entry-new", "amal", reverse("entry-new", args=["releases"])),
        ("entry-new", "amal", reverse("entry-new", args=["exceptions"]) + "?release=r-2026.12"),
        ("release-row", "amal", reverse("release-row", args=[candidate.key, "docs_truth"])),
        ("release-frozen", "amal", reverse("release-frozen", args=[candidate.key, "staging"])),
        ("releases-compare", "amal", reverse("releases-compare") + "?from=r-2026.11&to=r-2026.12"),
        ("tools", "amal", reverse("tools")),
        ("tools", "amal", reverse("tools") + "?q=zzz"),
        ("syncs", "amal", reverse("syncs")),
        *((name, "amal", reverse(name)) for name in ("tools-import", "syncs-import")),
        ("architecture", "amal", reverse("architecture")),
        ("architecture", "amal", reverse("architecture") + "?state=retired"),
        ("entry", "vera", leaves.get_absolute_url()),
        ("entry-new", "amal", reverse("entry-new", args=["tools"])),
        ("entry-new", "amal", reverse("entry-new", args=["syncs"])),
        ("policies", "adam", reverse("policies")),
        ("severity-table", "adam", reverse("severity-table")),
        ("policy-test", "omar", reverse("policy-test") + "?reversibility=R2&sensitivity=S3&touched=allowlist"),
        ("entry-new", "adam", reverse("entry-new", args=["policies"])),
        ("sign-in-again", "omar", reverse("sign-in-again")),
        *(("entry", "amal", f"{tool.get_absolute_url()}?tab={tab}") for tab in ("", "document", "versions", "activity")),
        *(("entry", who, f"/tools/odd-tool/?tab=tools{one}")
          for who in ("amal", "vera") for one in ("", "&tool=lookup_customer")),
        ("entry", "amal", tool.get_absolute_url() + "?tab=tools"),
        ("tools", "amal", reverse("tools") + "?drift=true"),
        *(("tool-hold", who, reverse("tool-hold", args=[key])) for who in ("omar", "vera") for key in (tool.key, "odd-tool")),
        ("entry", "amal", f"{sync.get_absolute_url()}?tab=runbook"),
        ("sync-drill", "amal", reverse("sync-drill", args=[sync.key])),
        ("backfills", "amal", reverse("backfills")),
        *(("entry", who, f"{loading.get_absolute_url()}{query}") for who, query in (("amal", "?act=cancel"), ("vera", ""))),
        ("entry-new", "amal", f"{reverse('entry-new', args=['backfills'])}?sync={sync.key}"),
        *(("entry", who, f"{sync.get_absolute_url()}{query}") for who, query in
          (("vera", ""), ("amal", "?tab=runs"), ("amal", "?tab=sla"))),
        *(("sync-pause", who, reverse("sync-pause", args=[sync.key])) for who in ("amal", "vera")),
        ("sync-announce", "amal", reverse("sync-announce", args=[sync.key])),
        ("sync-notice", "amal", reverse("sync-notice", args=[sync.key, breaking.pk])),
        ("entry-propose", "amal", reverse("entry-propose", args=["tools", tool.key])),
        ("entry-diff", "amal", reverse("entry-diff", args=["tools", tool.key]) + "?from=1&to=2"),
        ("tasks", "yusuf", reverse("tasks") + "?tab=all"),
        ("task", "yusuf", task.get_absolute_url()),
        ("watchlist", "vera", reverse("watchlist")),
        ("task-clocks", "amal", reverse("task-clocks", args=[task.pk])),
        *(("maintenance", who, reverse("maintenance")) for who in ("amal", "vera")),
        ("incidents", "yusuf", reverse("incidents")),
        ("incidents", "yusuf", reverse("incidents") + "?choose=1"),
        *(("sla", who, reverse("sla") + query) for who, query in
          (("yusuf", ""), ("yusuf", "?choose=1"), ("vera", "?state=paused"))),
        ("incident-board", "yusuf", reverse("incident-board")),
        ("incident-declare", "yusuf", reverse("incident-declare")),
        ("incident-rates", "vera", reverse("incident-rates")),
        ("severity-test", "vera", reverse("severity-test") + "?deadline.plain=V2"),
        *(("incident", "yusuf", one.get_absolute_url()) for one in (mild, bad)),
        *(("agents", "vera", reverse("agents") + query) for query in ("", "?q=zzz")),
        ("agent", "vera", reverse("agent", args=["support-agent"])),
        *(("claims", "yusuf", reverse("claims") + query) for query in ("", "?tab=all", "?q=zzz")),
        *(("claim", who, open_claim.get_absolute_url()) for who in ("omar", "vera")),
        ("claim", "vera", standing.get_absolute_url()),
    ]  # fmt: skip
