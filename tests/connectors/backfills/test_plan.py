"""A backfill is planned, weighed and approved like any other change, and its approval makes the job."""

from itertools import pairwise
from typing import Any

import pytest

from connectors.backfills import estimating, steering
from connectors.backfills.documents import BackfillSerializer, partitions_of
from connectors.models import Backfill, BackfillJob, Connector, RunState, SyncRun, SyncState
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.refusals import Invalid
from portal.registry import kinds
from portal.registry.times import moment_of
from tests.connectors.backfills import world
from tests.connectors.backfills.world import backfill, backfill_document, planned, submitted, sync
from tests.documents import data_movement_document
from tests.people import actor
from tests.registering import EVIDENCE, apply_connector, approved
from tests.severity.test_hostile_bodies import spoilt

pytestmark = pytest.mark.django_db


def problems(**changes: Any) -> set[tuple[str, str]]:
    """What stands against submitting such a plan."""
    with pytest.raises(Invalid) as refused:
        submitted(**changes)
    return {(one.path, one.code) for one in refused.value.problems}


def test_approval_cuts_the_window_into_parts() -> None:
    found = backfill(window_to="2026-11-04T12:00:00+03:00")
    assert (found.human_id, found.job.state) == (f"BF-{found.pk:03d}", "ready")
    parts = list(found.job.partitions.all())
    assert [one.number for one in parts] == [1, 2, 3, 4]
    assert parts[0].since == moment_of("2026-10-31T21:00:00Z")
    assert parts[-1].until - parts[-1].since == (parts[0].until - parts[0].since) / 2
    assert all(one.until == after.since for one, after in pairwise(parts))
    assert found.job.lines.get().text == "Approved: 4 parts to be loaded."
    assert len(found.document["runbook_digest"]) == 64


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("window_from", "2026-11-01T00:00:00", "moment"),
        ("window_from", "yesterday", "moment"),
        ("window_from", "1969-12-31T00:00:00Z", "moment"),
        ("window_to", "9999-12-31T23:59:59-23:59", "moment"),
        ("window_to", "2026-11-01T00:00:00+03:00", "window"),
        ("window_to", "2026-10-01T00:00:00+03:00", "window"),
        ("partition_hours", 0, "min_value"),
        ("partition_hours", 745, "max_value"),
        ("reason", "Because.", "too_short"),
        ("streams", ["orders"], "no_such_stream"),
        ("sync", "nothing", "no_such_sync"),
        ("window_to", "2126-11-01T00:00:00Z", "too_many_parts"),
        ("window_to", "2027-11-01T00:00:00Z", "ahead"),
        ("runbook_digest", "0" * 64, "runbook_moved"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_by_its_place(path: str, value: Any, code: str) -> None:
    found = problems(**{path: value})
    assert ("partition_hours" if code == "too_many_parts" else path, code) in found, found


def test_two_thousand_parts_are_the_most() -> None:
    whole = backfill_document(window_from="2026-01-01T00:00:00Z", window_to="2026-03-25T08:00:00Z", partition_hours=1)
    assert BackfillSerializer(data=whole).is_valid()
    assert not BackfillSerializer(data=whole | {"window_to": "2026-03-25T08:00:01Z"}).is_valid()
    since, until = moment_of(whole["window_from"]), moment_of(whole["window_to"])
    assert since is not None
    assert until is not None
    assert len(partitions_of(since, until, 1)) == 2000


def test_a_retired_data_movement_is_not_loaded_again() -> None:
    Connector.objects.filter(pk=sync().pk).update(state="retired")
    assert problems() == {("sync", "sync_not_active")}


def test_it_is_signed_as_strictly_as_its_data_movement() -> None:
    strict = {"facets.approval_policy_hook.approval_class": "A2", "facets.approval_policy_hook.sensitivity_class": "S3"}
    apply_connector(data_movement_document("people", strict))
    assert submitted(sync="people").required_class == "A2"
    assert submitted(key="another").required_class == "A1"


def test_who_signs_sees_rows_cost_and_readers() -> None:
    connector, now = sync(), database_now()
    change = planned()
    told = {str(one.what): str(one.who) for one in kinds.get("backfill").impact("", None, change.document)}
    assert told["rows, about"].startswith("nobody knows")
    assert (told["cost"], told["worked in"]) == ("About 4 USD", "4 parts of 24 h")
    assert told["loads again"].endswith("raw.crm")
    assert told["runbook"].startswith("No drill")
    SyncState.objects.filter(connector=connector).update(typical_rows=100)
    told = {str(one.what): str(one.who) for one in kinds.get("backfill").impact("", None, change.document)}
    assert told["rows, about"] == "4,800 by a typical run of 100 rows, 48 times"
    since = moment_of(change.document["window_from"])
    for number in range(3):
        SyncRun.objects.create(
            connector=connector, run_key=f"r{number}", state=RunState.SUCCEEDED, started_at=since, ended_at=now, rows=700,
            digest="0" * 64, reported_at=now, reported_by="yusuf",
        )  # fmt: skip
    told = {str(one.what): str(one.who) for one in kinds.get("backfill").impact("", None, change.document)}
    assert told["rows, about"] == "2,100 by the 3 runs of that window"


def test_the_wizard_opens_with_the_last_week_and_what_it_will_take() -> None:
    connector = sync()
    SyncState.objects.filter(connector=connector).update(typical_rows=100)
    found = estimating.blank({"sync": connector.key})
    assert found["estimate"]["rows"] == 8400
    _clean, wrong = kinds.get("backfill").check(
        found | {"description": "Again.", "reason": "The source was wrong for a week."}
    )
    assert wrong == []
    for asked in ({"sync": "nothing"}, {}, {"sync": connector.key, "from": "x", "to": "9999-12-31T23:59:59-23:59"}):
        assert estimating.blank(asked)["partition_hours"] == 24


def test_overlapping_windows_wait_for_each_other() -> None:
    first = backfill()
    overlapping = {"key": "again", "window_from": "2026-11-04T00:00:00+03:00", "window_to": "2026-11-06T00:00:00+03:00"}
    assert problems(**overlapping) == {("window_from", "overlaps")}
    submitted(**overlapping | {"key": "after", "window_from": "2026-11-05T00:00:00+03:00"})
    steering.cancel(actor=actor("amal"), key=first.key, reason="Wrong window.", now=database_now())
    assert submitted(**overlapping).state == "in_review"


def changed(**changes: Any) -> ChangeRequest:
    draft = Draft(document=backfill_document(**changes), evidence=EVIDENCE)
    change = services.propose(
        actor=actor("amal"), kind_name="backfill", key="crm-november", draft=draft, now=database_now()
    )
    return services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())


def test_what_was_approved_is_fixed_but_its_words_are_not() -> None:
    first = backfill()
    for name, value in (
        ("window_to", "2026-11-06T00:00:00+03:00"),
        ("partition_hours", 12),
        ("streams", ["accounts"]),
    ):
        with pytest.raises(Invalid) as refused:
            changed(**{name: value})
        assert [(one.path, one.code) for one in refused.value.problems] == [(name, "fixed")]
    approved(changed(description="Said better."), "omar")
    again = Backfill.objects.get()
    assert (again.version, again.job.pk) == (2, first.job.pk)
    assert again.job.partitions.count() == 4


def test_a_runbook_that_changed_before_the_signature_is_looked_at_again() -> None:
    change = submitted()
    newer = {"data_movement.backfill_runbook.steps": ["Do it otherwise"], "facets.version.number": "1.0.1"}
    apply_connector(data_movement_document(world.SYNC, newer))
    with pytest.raises(Invalid) as refused:
        approved(change, "omar")
    assert refused.value.problems[0].code == "runbook_moved"
    assert not BackfillJob.objects.exists()


def test_only_what_is_over_is_retired() -> None:
    found = backfill()

    def retire() -> ChangeRequest:
        draft = Draft(to_state="retired", evidence=EVIDENCE)
        change = services.propose(
            actor=actor("amal"), kind_name="backfill", key=found.key, draft=draft, now=database_now()
        )
        return services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())

    with pytest.raises(Invalid) as refused:
        retire()
    assert refused.value.problems[0].code == "in_work"
    steering.cancel(actor=actor("amal"), key=found.key, reason="Not needed.", now=database_now())
    approved(retire(), "omar")
    assert Backfill.objects.get().state == "retired"


def test_no_document_makes_an_error_of_what_judges_it() -> None:
    kind, held = kinds.get("backfill"), backfill()
    for document in spoilt(backfill_document(streams=["accounts"], runbook_digest=held.document["runbook_digest"])):
        clean, wrong = kind.check(document)
        if wrong:
            continue
        kind.transition_problems(None, clean)
        kind.transition_problems(held.document, clean)
        kind.floor(clean)
        kind.advice(clean)
        kind.impact("", None, clean)


def test_a_sync_is_not_retired_under_a_backfill_that_loads_it() -> None:
    backfill()
    gone = data_movement_document()
    with pytest.raises(Invalid) as refused:
        apply_connector(gone, to_state="retired")
    assert [one.code for one in refused.value.problems] == ["in_work"]
    steering.cancel(actor=actor("amal"), key="crm-november", reason="It goes.", now=database_now())
    assert apply_connector(gone, by="noor", to_state="retired").state == "retired"
