"""The severity table: never milder than the domain, versioned, read by the sweep, and tried before it is signed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from portal.operations.services import database_now
from portal.registry import kinds
from severity import sweep
from severity.clocks import CLOCKS
from severity.gate import facts
from severity.models import Incident, LevelClock, RuleLevel
from severity.rules import RULES, Level
from severity.table import reads
from severity.table.documents import document_of, table_of
from severity.table.dry_run import dry_run
from severity.table.kind import impact_of
from severity.table.rules import BASELINE, CLOCK_NAMES, cells
from severity.table.runbooks import MOST_STEPS, RUNBOOKS
from tests.releases import world
from tests.severity.incidents.making import act, declared, table_applied, table_document
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/severity-table/dry-run/"


def problems(*changes: tuple[str, Any]) -> dict[str, str]:
    return {one.path: one.code for one in kinds.get("severity_table").check(table_document(*changes))[1]}


def test_the_domain_s_own_table_is_sound_and_says_what_the_rules_say() -> None:
    document = table_document()
    clean, found = kinds.get("severity_table").check(document)
    assert (found, clean["levels"]) == ([], document["levels"])
    table = table_of(clean, version=0)
    assert all(table.level(rule, seen) == RULES[rule].least(seen) for rule, seen in cells())
    assert table.clocks == CLOCKS
    assert document_of(table) == document_of(BASELINE)


@pytest.mark.parametrize(("rule", "seen"), cells())
def test_no_cell_is_milder_than_the_domain(rule: str, seen: str) -> None:
    least, path = RULES[rule].least(seen), f"levels.{rule}.{seen}"
    for level in Level:
        wanted = {path: "milder_than_domain"} if level < least else {}
        assert problems((path, level.name)) == wanted, level


def test_no_clock_is_taken_away_and_none_is_slower_than_that_of_a_lesser_level() -> None:
    for level, clocks in CLOCKS.items():
        for name in CLOCK_NAMES:
            found = problems((f"clocks.{level.name}.{name}", None))
            assert bool(found) == (getattr(clocks, name) is not None), (level, name)
    assert problems(("clocks.V3.acknowledge", 31)) == {"clocks.V3.acknowledge": "slower_than_lesser"}
    assert not problems(("clocks.V0.acknowledge", 24 * 60))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("levels.freshness.plain", "V4"),
        ("levels.freshness.lunar", "V3"),
        ("levels.nonsense", {"plain": "V3"}),
        ("clocks.V3.acknowledge", 0),
        ("clocks.V3.acknowledge", 10**9),
        ("clocks.V3.acknowledge", "soon"),
        ("clocks.V4", {}),
        ("stale_days", 0),
        ("stale_days", 91),
        ("runbooks.freshness.en", ["a step"] * (MOST_STEPS + 1)),
        ("runbooks.freshness.en", ["x" * 201]),
        ("runbooks.freshness", {"en": ["one", "two"], "ar": ["واحد"]}),
        ("key", "another"),
        ("levels", None),
        ("clocks", []),
    ],
)
def test_what_is_no_table_is_refused_with_its_path(path: str, value: Any) -> None:
    found = problems((path, value))
    assert found
    assert all(one.startswith(path.split(".")[0]) for one in found)


def test_an_applied_version_is_what_the_sweep_judges_by_and_what_others_read() -> None:
    release = world.release()
    assert (reads.in_force(), facts.of(release).stale_days) == (BASELINE, 14)
    changes = (
        ("levels.deadline.plain", "V2"), ("clocks.V2.acknowledge", 20), ("stale_days", 5),
        ("runbooks.deadline", {"en": ["Call them."], "ar": ["اتصل بهم."]}),
    )  # fmt: skip
    entry = table_applied(*changes)
    assert RuleLevel.objects.count() == len(cells())
    assert LevelClock.objects.get(level=2).table_version == 1
    assert facts.of(release).stale_days == 5
    assert reads.in_force().level("deadline", "plain") == Level.V2
    task = running(deadline=PASSED)
    sweep.tick()
    slip = Incident.objects.get(task=task)
    assert (slip.level, slip.opened_severity, slip.table_version) == (Level.V2, 2, 1)
    assert slip.ack_by == slip.opened_at + timedelta(minutes=20)
    second = table_applied(("runbooks.deadline", {"en": ["Write to them.", "Call them."], "ar": []}))
    assert (entry.version, second.version) == (1, 2)
    assert reads.steps_of("deadline", 1) == ["Call them."]
    assert reads.steps_of("deadline", 2) == ["Write to them.", "Call them."]
    with translation.override("ar"):
        assert reads.steps_of("deadline", 1) == ["اتصل بهم."]
        assert reads.steps_of("deadline", 2) == ["Write to them.", "Call them."]
    # Of a version that is not known any more, and of the domain's own.
    assert reads.steps_of("deadline", 99) == reads.steps_of("deadline", 0) == list(RUNBOOKS["deadline"].en)
    assert reads.steps_of("nonsense", 0) == []


def test_every_rule_has_steps_and_no_more_than_the_table_takes() -> None:
    for name in RULES:
        assert 1 <= len(RUNBOOKS[name].en) <= MOST_STEPS
        assert not RUNBOOKS[name].ar or len(RUNBOOKS[name].ar) == len(RUNBOOKS[name].en)


def test_the_dry_run_tells_what_would_differ_and_writes_nothing() -> None:
    for _ in range(3):
        running(deadline=PASSED)
    running(impacting=True, deadline=PASSED)
    sweep.tick()
    low, high = declared(Level.V0), declared(Level.V3)
    old = Incident.objects.filter(rule="deadline", circumstance="plain").earliest("id")
    Incident.objects.filter(pk=old.pk).update(opened_at=database_now() - timedelta(days=91))
    # What became of one later does not count: it was opened as a V1.
    act("change_severity", Incident.objects.filter(rule="deadline", circumstance="plain").latest("id"),
        severity=Level.V0, text="Nobody.")  # fmt: skip
    table = table_of(table_document(("levels.deadline.plain", "V2"), ("levels.declared.plain", "V1")), version=0)
    found = dry_run(table, now=database_now())
    moved = {(one.before.name, one.after.name): one.count for one in found.moved}
    customer = Incident.objects.filter(rule="deadline", circumstance="customer").count()
    plain = Incident.objects.filter(rule="deadline", circumstance="plain").count() - 1
    assert (found.looked_at, moved) == (plain + customer + 2, {("V1", "V2"): plain, ("V0", "V1"): 1})
    told = {one.incident.pk for one in found.newest}
    assert low.pk in told
    assert not told & {high.pk, old.pk}
    assert not RuleLevel.objects.exists()


def test_the_dry_run_by_api_on_the_page_and_in_the_review(
    api_of: Callable[..., APIClient], client_of: Callable[..., Any]
) -> None:
    slip = declared(Level.V0)
    document = table_document(("levels.declared.plain", "V2"))
    answer = api_of("vera").post(ADDRESS, {"document": document}, format="json")
    assert answer.status_code == 200
    assert answer.json()["moved"] == [{"opened_as": "V0", "would_be": "V2", "count": 1}]
    assert answer.json()["newest"][0]["human_id"] == slip.human_id
    page = client_of("vera").get("/severity-table/test/?declared.plain=V2")
    assert page.status_code == 200
    assert slip.human_id in page.content.decode()
    nothing = client_of("vera").get("/severity-table/test/?declared.plain=V9&x=1")
    assert nothing.status_code == 200
    told = [f"{one.what} {one.who}" for one in impact_of("", None, document)]
    assert told[0].startswith("1 of 1 incidents")
    assert any(slip.human_id in one for one in told)


@pytest.mark.parametrize(
    "body",
    [{}, {"document": None}, {"document": []}, {"document": {"levels": 3}}, {"document": {}, "days": 0},
     {"document": {}, "days": 10**9}, {"document": {}, "more": 1}],
)  # fmt: skip
def test_a_dry_run_of_no_table_is_refused(api_of: Callable[..., APIClient], body: dict[str, Any]) -> None:
    assert api_of("vera").post(ADDRESS, body, format="json").status_code == 422
    milder = table_document(("levels.freshness.customer", "V0"))
    refused = api_of("vera").post(ADDRESS, {"document": milder}, format="json").json()
    assert refused["errors"][0]["path"] == "document.levels.freshness.customer"
