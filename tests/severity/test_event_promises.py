"""Waivers that are over, and majors that not everybody has moved to by their deadline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from events.documents import SchemaSerializer
from events.models import EventSchema, end_of
from portal.operations.services import database_now
from severity import reconcile, sweep
from severity.models import Incident, TimelineEvent
from tests.events.registering import SCHEMA, changed, family, family_document, schema_document, signed, version

pytestmark = pytest.mark.django_db
BREAKING = SCHEMA | {"required": ["order_id", "total"]}
WAIVED = {"waiver_reason": "The old desk closes this month.", "waiver_expires": "2027-01-31"}
MOVING = {"migration_note": "Send the total.", "deadline": "2027-01-31"}


def passed(clock: str) -> None:
    """The clock of the version that has one ran out a minute ago."""
    rows = EventSchema.objects.filter(**{f"{clock}__isnull": False})
    assert rows.update(**{clock: database_now() - timedelta(minutes=1)}) == 1


def incidents() -> list[tuple[str, int, str, str]]:
    # The team of these families has nobody, which is an incident of its own.
    drift = Incident.objects.exclude(rule="nobody")
    return list(drift.order_by("id").values_list("rule", "severity", "state", "subject_key"))


def test_a_clock_runs_until_the_end_of_the_day_where_the_portal_is() -> None:
    assert end_of("2027-01-31") == datetime(2027, 1, 31, 21, tzinfo=UTC)
    assert end_of("") is None
    family()
    version()
    assert version("1.1.0", BREAKING, **WAIVED).waiver_clock == end_of("2027-01-31")
    assert version("2.0.0", BREAKING, **MOVING).move_clock == end_of("2027-01-31")


@pytest.mark.parametrize("name", ["deadline", "waiver_expires"])
@pytest.mark.parametrize("day", ["2027-02-30", "2027-00-10", "9999-12-31"])
def test_a_day_that_there_is_not_is_refused(name: str, day: str) -> None:
    checked = SchemaSerializer(
        data=schema_document(**{"waiver_reason": "x", "waiver_expires": "2027-01-31", name: day})
    )
    assert not checked.is_valid()
    assert name in checked.errors


def test_a_waiver_that_is_over_is_a_v1_until_its_version_is_retired() -> None:
    family()
    version()
    waived = version("1.1.0", BREAKING, **WAIVED)
    sweep.tick()
    assert incidents() == []
    passed("waiver_clock")
    for _again in range(3):
        sweep.tick()
        reconcile.tick()
    assert incidents() == [("waiver_over", 1, "open", waived.key)]
    incident = Incident.objects.get(rule="waiver_over")
    assert (incident.source, incident.owner.key, incident.subject_id) == ("drift", "crm-team", waived.pk)
    # Another change of the version arms the clock anew for the same instant, which was judged.
    signed(changed(schema_document("1.1.0", BREAKING, **WAIVED), to_state="deprecated"))
    passed("waiver_clock")
    EventSchema.objects.filter(pk=waived.pk).update(waiver_clock=incident.epoch)
    sweep.tick()
    assert incidents() == [("waiver_over", 1, "open", waived.key)]
    signed(changed(schema_document("1.1.0", BREAKING, **WAIVED), to_state="retired"))
    reconcile.tick()
    assert incidents() == [("waiver_over", 1, "resolved", waived.key)]
    assert TimelineEvent.objects.filter(what="resolved", text="The version is retired.").count() == 1


def test_who_has_not_moved_by_the_deadline_is_named_until_everybody_has() -> None:
    family()
    version()
    moving = version("2.0.0", BREAKING, **MOVING)
    passed("move_clock")
    with override("ar"):
        sweep.tick()
    assert incidents() == [("move_late", 1, "open", moving.key)]
    assert "Behind: billing, order-desk." in TimelineEvent.objects.get(what="opened").text

    def parties(writes: str, reads: str) -> dict[str, Any]:
        return family_document(
            producers=[{"service": "order-desk", "version": writes}],
            consumers=[{"service": "billing", "version": reads, "reads": []}],
        )

    signed(changed(parties("2.0.0", "1.0.0")))
    reconcile.tick()
    assert incidents() == [("move_late", 1, "open", moving.key)]
    signed(changed(parties("2.0.0", "2.1.0")))
    reconcile.tick()
    assert incidents() == [("move_late", 1, "resolved", moving.key)]


def test_a_deadline_that_everybody_met_opens_nothing() -> None:
    family(producers=[{"service": "order-desk", "version": ""}], consumers=[])
    version()
    version("2.0.0", BREAKING, **MOVING)
    passed("move_clock")
    sweep.tick()
    assert incidents() == []
    # Somebody who is named later is found within a day.
    signed(changed(family_document(producers=[{"service": "order-desk", "version": "1.0.0"}], consumers=[])))
    passed("move_clock")
    sweep.tick()
    assert [one[0] for one in incidents()] == ["move_late"]


def test_a_retired_version_is_not_judged() -> None:
    family()
    version()
    version("1.1.0", BREAKING, **WAIVED)
    signed(changed(schema_document("1.1.0", BREAKING, **WAIVED), to_state="deprecated"))
    signed(changed(schema_document("1.1.0", BREAKING, **WAIVED), to_state="retired"))
    passed("waiver_clock")
    sweep.tick()
    assert incidents() == []
