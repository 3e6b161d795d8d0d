"""Two at once, on connections of their own: exactly one outcome, nothing lost, nothing left hanging."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes import decisions, services, sets
from portal.changes.models import ChangeRequest, ChangeState, Decision
from portal.changes.services import Draft
from portal.changes.waking import wake
from portal.operations.services import database_now
from tests.at_once import TIMES, Both
from tests.changes.deciding import classed, described, signed
from tests.people import actor
from tests.registering import apply_connector, approved, proposed, submitted

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(600)]


def sign(change: ChangeRequest, name: str) -> Callable[[], Any]:
    told: dict[str, Any] = {"change_id": change.pk, "digest": change.digest}
    return lambda: decisions.approve(actor=actor(name), now=database_now(), **told).state


def edit(change: ChangeRequest, text: str) -> Callable[[], Any]:
    draft = Draft(document=described(text, classed("A1", "R0", key=change.key)))
    return lambda: (
        services.edit(actor=actor("amal"), change_id=change.pk, draft=draft, now=database_now()).proposal_number
    )


def applied_once(key: str, version: int) -> Connector:
    entry = Connector.objects.get(key=key)
    assert entry.version == version
    assert list(entry.history.order_by("version").values_list("version", flat=True)) == list(range(1, version + 1))
    assert AuditLine.objects.filter(object_key=key, action="runtime_tool.apply").count() == version
    return entry


@TIMES
def test_the_last_two_signatures_at_once(both: Both, times: int) -> None:
    for number in range(times):
        key = f"tool-{number}"
        change = submitted(classed("A2", "R2", key=key))
        more = number % 2
        if more:
            # Either would be the last: one is, and the other comes too late.
            change = signed(change, "omar")
        answers = both(sign(change, "huda"), sign(change, "khalid" if more else "lina"))
        assert sorted(answers) == (["applied", "state"] if more else ["applied", "in_review"])
        assert applied_once(key, 1).history.get().change_id == change.pk
        assert Decision.objects.filter(proposal__change=change).count() == 2


@TIMES
def test_two_changes_of_one_object_applied_at_once(both: Both, times: int) -> None:
    apply_connector(classed("A1", "R0"))
    later = database_now() + timedelta(days=1)
    for number in range(times):
        by_the_clock = number % 2
        pair = [
            submitted(described(f"{number} by {name}"), by=name, apply_after=later if by_the_clock else None)
            for name in ("amal", "noor")
        ]
        if by_the_clock:
            pair = [approved(change, "omar") for change in pair]
            answers = both(*(lambda pk=change.pk: wake(pk, now=later) for change in pair))
            assert sorted(answers) == ["applied", "held_back"]
        else:
            answers = both(sign(pair[0], "omar"), sign(pair[1], "lina"))
            assert sorted(answers) == ["applied", "base_version"]
        for change in pair:
            change.refresh_from_db()
        (done,) = [change for change in pair if change.state == ChangeState.APPLIED]
        (left,) = [change for change in pair if change is not done]
        assert (done.applied_version, left.base_version) == (number + 2, number + 1)
        assert left.state == ("approved" if by_the_clock else "in_review")
        assert applied_once("crm-lookup", number + 2).document == done.document
        services.withdraw(actor=actor(left.author.username), change_id=left.pk, now=database_now())


@TIMES
def test_two_registrations_of_one_key_at_once(both: Both, times: int) -> None:
    for number in range(times):
        key = f"tool-{number}"
        first, second = (submitted(classed("A1", "R0", key=key), by=name) for name in ("amal", "noor"))
        assert sorted(both(sign(first, "omar"), sign(second, "lina"))) == ["applied", "base_version"]
        applied_once(key, 1)


@TIMES
def test_an_edit_against_the_last_signature(both: Both, times: int) -> None:
    seen = set()
    for number in range(times):
        key = f"tool-{number}"
        change = submitted(classed("A1", "R0", key=key))
        calls = [edit(change, "Other words."), sign(change, "omar")]
        answers = both(*calls) if number % 2 else list(reversed(both(*reversed(calls))))
        change.refresh_from_db()
        seen.add(tuple(answers))
        if answers == [2, "digest"]:
            assert (change.state, change.proposal_number) == ("in_review", 2)
            assert not Connector.objects.filter(key=key).exists()
            assert not Decision.objects.filter(proposal__change=change).exists()
        else:
            assert answers == ["state", "applied"]
            assert applied_once(key, 1).document["description"] == "What the tests register."
            assert change.proposal_number == 1


@TIMES
def test_an_amendment_against_a_signature(both: Both, times: int) -> None:
    for number in range(times):
        key = f"tool-{number}"
        change = submitted(classed("A2", "R2", key=key))
        draft = Draft(document=described("Clearer.", classed("A2", "R2", key=key)))
        told: dict[str, Any] = {"change_id": change.pk, "digest": change.digest, "draft": draft}

        def amend(told: dict[str, Any] = told) -> Any:
            return decisions.edit(actor=actor("lina"), now=database_now(), **told).proposal_number

        amended, signature = both(amend, sign(change, "omar"))
        assert (amended, signature) in [(2, "digest"), (2, "in_review")]
        change.refresh_from_db()
        # Whoever came first: the signature, if there is one, was given for what stood before, and counts no more.
        assert signed(change, "huda").state == ChangeState.IN_REVIEW
        assert not Connector.objects.filter(key=key).exists()


@TIMES
def test_two_sets_over_the_same_objects_from_both_ends(both: Both, times: int) -> None:
    keys = ("left", "right")
    for key in keys:
        apply_connector(classed("A1", "R0", key=key))
    for number in range(times):
        ends = []
        for name, order in (("amal", keys), ("noor", keys[::-1])):
            drafts = [proposed(described(f"{number} {name}", classed("A1", "R0", key=key)), by=name) for key in order]
            sets.tie(actor=actor(name), change_ids=[one.pk for one in drafts], summary="", now=database_now())
            sent = [services.submit(actor=actor(name), change_id=one.pk, now=database_now()) for one in drafts]
            approved(sent[1], "huda")
            ends.append(sent)
        answers = both(sign(ends[0][0], "omar"), sign(ends[1][0], "lina"))
        states = [[ChangeRequest.objects.get(pk=one.pk).state for one in end] for end in ends]
        # One set is applied whole; of the other nothing is: its last signature finds an object that moved on.
        assert sorted(states) in (
            [["applied", "applied"], ["approved", "approved"]],
            [["applied", "applied"], ["in_review", "approved"]],
        )
        assert "applied" in answers
        assert [applied_once(key, number + 2).version for key in keys] == [number + 2] * 2


@TIMES
def test_the_last_signatures_of_two_of_one_set_at_once(both: Both, times: int) -> None:
    """Each would find the other not signed yet, and nobody would apply the set, if they did not wait for each other."""
    for number in range(times):
        drafts = [proposed(classed("A1", "R0", key=f"{side}-{number}")) for side in ("left", "right")]
        sets.tie(actor=actor("amal"), change_ids=[one.pk for one in drafts], summary="", now=database_now())
        left, right = (services.submit(actor=actor("amal"), change_id=one.pk, now=database_now()) for one in drafts)
        answers = both(sign(left, "omar"), sign(right, "lina"))
        assert sorted(answers) == ["applied", "approved"]
        for one in (left, right):
            assert ChangeRequest.objects.get(pk=one.pk).state == ChangeState.APPLIED
            applied_once(one.key, 1)
