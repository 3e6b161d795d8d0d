"""Decisions: accepted by approval, fixed from then on, superseded only by another one."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metrics.decisions.markdown import html
from metrics.decisions.rules import read_key
from metrics.models import DecisionRecord, Ruling, Supersession
from portal.audit.models import AuditLine
from portal.refusals import Invalid
from portal.registry import kinds
from tests.events.registering import signed
from tests.metrics.deciding import decision, decision_document, drafted, submitted

pytestmark = pytest.mark.django_db


def refused(document: dict[str, Any], **draft: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        submitted("decision", document, **draft)
    return {problem.path: problem.code for problem in caught.value.problems}


def test_a_decision_is_accepted_by_approval_and_by_nothing_less() -> None:
    change = submitted("decision", decision_document())
    assert change.required_class == "A2"
    assert not DecisionRecord.objects.exists()
    assert not Ruling.objects.exists()
    signed(change)
    one = DecisionRecord.objects.get()
    assert (one.human_id, one.number, str(one.decided_on)) == ("ADR-0001", 1, "2026-01-31")
    ruling = Ruling.objects.get()
    assert (ruling.decision, ruling.topic, ruling.choice, ruling.stands) == (one, "lineage", "openlineage", True)


def test_a_decision_about_something_else_is_signed_by_a_lead() -> None:
    assert submitted("decision", decision_document(decides=[])).required_class == "A1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Another title"), ("date", "2026-02-01"), ("deciders", ["Somebody"]), ("text", "Other words.\n"),
        ("decides", [{"topic": "lineage", "choice": "datahub"}]), ("decides", []), ("consulted", ["Omar"]),
    ],
)  # fmt: skip
def test_what_was_accepted_is_fixed(name: str, value: Any) -> None:
    decision()
    assert refused(decision_document(**{name: value})) == {name: "fixed"}


def test_its_owner_and_summary_may_still_be_put_better() -> None:
    decision()
    signed(
        submitted(
            "decision",
            decision_document(description="Said better.", name_ar="قرار", owner="finance-team"),
        )
    )
    one = DecisionRecord.objects.get()
    assert (one.version, one.owner.key, Ruling.objects.filter(stands=True).count()) == (2, "finance-team", 1)


@pytest.mark.parametrize("state", ["deprecated", "retired"])
def test_it_is_never_taken_back(state: str) -> None:
    decision()
    assert refused(decision_document(description="Gone."), to_state=state) == {"": "state"}


def test_not_even_code_that_forgets_to_ask_changes_it() -> None:
    one, other = decision(), decision(2, decides=[])
    fixed: list[Any] = [
        lambda: DecisionRecord.objects.filter(pk=one.pk).update(document=one.document | {"text": "Forged."}),
        lambda: DecisionRecord.objects.filter(pk=one.pk).update(number=7),
        lambda: DecisionRecord.objects.filter(pk=one.pk).update(state="retired"),
        lambda: DecisionRecord.objects.filter(pk=one.pk).delete(),
        lambda: Ruling.objects.update(choice="datahub"),
        lambda: Ruling.objects.update(stands=False),
        lambda: Ruling.objects.all().delete(),
        lambda: Ruling.objects.create(decision=other, topic="lineage", choice="datahub"),
        lambda: Supersession.objects.create(older=one, newer=one),
    ]
    for write in fixed:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_another_decision_takes_its_place() -> None:
    one = decision()
    two = decision(2, decides=[{"topic": "lineage", "choice": "datahub"}], supersedes=["adr-0001"])
    assert Supersession.objects.get().newer == two
    assert list(Ruling.objects.order_by("pk").values_list("choice", "stands")) == [
        ("openlineage", False), ("datahub", True),
    ]  # fmt: skip
    line = AuditLine.objects.get(action="decision.superseded")
    assert (line.object_key, line.detail) == (one.key, "by ADR-0002")
    for write in (
        lambda: Supersession.objects.all().delete(),
        lambda: Supersession.objects.update(newer=one),
        lambda: Ruling.objects.filter(decision=one).update(stands=True),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_a_topic_that_is_decided_is_decided_anew_only_by_superseding() -> None:
    decision()
    assert refused(decision_document(2)) == {"supersedes": "topic_decided"}
    assert refused(decision_document(2, supersedes=["adr-0009"])) == {
        "supersedes.0": "unknown_decision", "supersedes": "topic_decided",
    }  # fmt: skip


def test_a_topic_is_never_left_without_a_decision() -> None:
    decision()
    assert refused(decision_document(2, decides=[], supersedes=["adr-0001"])) == {"decides": "topic_left"}


def test_a_decision_is_superseded_once() -> None:
    decision(1, decides=[])
    decision(2, decides=[], supersedes=["adr-0001"])
    assert refused(decision_document(3, decides=[], supersedes=["adr-0001"])) == {"supersedes.0": "superseded"}


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"key": "adr-7"}, "key"), ({"key": "adr-00007"}, "key"), ({"key": "lineage"}, "key"),
        ({"date": "2026-02-30"}, "date"), ({"deciders": []}, "deciders"), ({"text": "  \n"}, "text"),
        ({"text": "x" * 50_001}, "text"), ({"supersedes": ["7"]}, "supersedes"), ({"supersedes": ["adr-0001"]}, "supersedes"),
        ({"decides": [{"topic": "Lineage", "choice": "x"}]}, "decides"), ({"decides": [{"topic": "lineage"}]}, "decides"),
        ({"decides": [{"topic": "a", "choice": "x"}, {"topic": "a", "choice": "y"}]}, "decides"),
        ({"status": "accepted"}, "status"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where(more: dict[str, Any], path: str) -> None:
    _clean, problems = kinds.get("decision").check(decision_document(**more))
    assert any(problem.path.startswith(path) for problem in problems), problems


@pytest.mark.parametrize(
    ("text", "key"),
    [("ADR-0007", "adr-0007"), ("adr-7", "adr-0007"), ("7", "adr-0007"), ("0000", "adr-0000"), ("seven", None), ("ADR-", None)],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, key: str | None) -> None:
    assert read_key(text) == key


def test_pages_and_api_tell_what_stands(client_of: Any, api_of: Any) -> None:
    decision(
        text="# Title\n\n<script>alert(1)</script>\n\n[go](javascript:alert(1)) ![see](https://elsewhere.example/x.png)\n"
    )
    decision(2, decides=[{"topic": "lineage", "choice": "datahub"}], supersedes=["adr-0001"])
    page = client_of("vera").get("/decisions/adr-0001/").content.decode()
    assert "superseded by" in page
    assert "ADR-0002" in page
    assert "<h3>Title</h3>" in page
    assert "<script>alert" not in page
    assert 'javascript:alert(1)"' not in page
    assert "elsewhere.example" not in page
    listed = client_of("vera").get("/decisions/").content.decode()
    assert "lineage: datahub" in listed
    assert "ADR-0002" in listed
    rows = api_of("vera").get("/api/v1/decisions/?stands=true").json()["results"]
    assert [(row["key"], row["ruled"], row["superseded_by"]) for row in rows] == [("adr-0002", "lineage: datahub", "")]
    for asked, keys in (
        ("stands=false", ["adr-0001"]),
        ("topic=lineage", ["adr-0001", "adr-0002"]),
        ("topic=queue", []),
    ):
        for past in ("", "&as_of=2126-11-23"):
            answer = api_of("vera").get(f"/api/v1/decisions/?{asked}{past}")
            assert sorted(row["key"] for row in answer.json()["results"]) == keys, answer.content
            assert client_of("vera").get(f"/decisions/?{asked}{past}").status_code == 200


def test_the_form_of_a_successor_knows_what_it_takes_the_place_of(client_of: Any) -> None:
    decision()
    page = client_of("amal").get("/decisions/adr-0001/").content.decode()
    assert "/decisions/new/?supersedes=adr-0001" in page
    form = client_of("amal").get("/decisions/new/?supersedes=adr-0001").content.decode()
    assert 'value="adr-0002"' in form
    assert "adr-0001</textarea>" in form
    assert 'value="openlineage"' in form
    assert client_of("amal").get("/decisions/new/?supersedes=%00adr-9").status_code in (200, 400)


@pytest.mark.parametrize(
    ("text", "levels"),
    [("## A\n### B\n## C", "343"), ("# A\n#### B\n## C", "344"), ("###### A\n# B", "33"), ("A\n===\nB\n---\n", "34"),
     ("# A\n## B\n### C\n#### D\n##### E", "34566")],
)  # fmt: skip
def test_headings_follow_those_of_the_page(text: str, levels: str) -> None:
    assert re.findall(r"<h(\d)>", html(text)) == list(levels)
    assert re.findall(r"</h(\d)>", html(text)) == list(levels)


def test_a_draft_may_name_a_decision_that_is_not_accepted_yet() -> None:
    drafted("decision", decision_document(1))
    assert drafted("decision", decision_document(2, supersedes=["adr-0001"])).state == "draft"
