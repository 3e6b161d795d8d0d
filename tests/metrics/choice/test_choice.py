"""The one lineage choice: it follows from an accepted decision, and a proposal never changes it."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metrics.models import LineageChoice, Ruling
from metrics.reads import lineage_choice
from portal.refusals import Conflict, Invalid, Refusal
from tests.events.registering import signed
from tests.metrics.deciding import choice, choice_document, decision, decision_document, drafted, submitted

pytestmark = pytest.mark.django_db
DATAHUB = [{"topic": "lineage", "choice": "datahub"}]


def refused(document: dict[str, Any], **draft: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        submitted("lineage_choice", document, **draft)
    return {problem.path: problem.code for problem in caught.value.problems}


def chosen() -> tuple[str, str]:
    one = lineage_choice()
    assert one is not None
    return one.choice, one.ruling.decision.key


def test_it_needs_an_accepted_decision_of_its_topic_and_choice() -> None:
    assert refused(choice_document()) == {"decision": "unknown_decision"}
    drafted("decision", decision_document())
    assert refused(choice_document()) == {"decision": "unknown_decision"}
    decision(2, decides=[{"topic": "queue", "choice": "rabbitmq"}])
    assert refused(choice_document(decision="adr-0002")) == {"decision": "other_topic"}
    decision(3, decides=DATAHUB)
    assert refused(choice_document(decision="adr-0003")) == {"choice": "other_choice"}
    choice(decision="adr-0003", choice="datahub")
    assert chosen() == ("datahub", "adr-0003")


def test_a_proposal_never_changes_it() -> None:
    decision()
    choice()
    ahead = submitted("decision", decision_document(2, decides=DATAHUB, supersedes=["adr-0001"]))
    wanted = choice_document(choice="datahub", decision="adr-0002")
    drafted("lineage_choice", wanted)
    assert refused(wanted) == {"decision": "unknown_decision"}
    assert chosen() == ("openlineage", "adr-0001")
    signed(ahead)
    # Not even the accepted decision changes it by itself.
    assert chosen() == ("openlineage", "adr-0001")
    change = submitted("lineage_choice", wanted)
    assert (change.required_class, chosen()) == ("A2", ("openlineage", "adr-0001"))
    signed(change)
    assert chosen() == ("datahub", "adr-0002")


def test_a_superseded_decision_chooses_nothing_and_a_long_line_is_followed() -> None:
    decision()
    choice()
    decision(2, decides=DATAHUB, supersedes=["adr-0001"])
    decision(3, decides=[{"topic": "lineage", "choice": "marquez"}], supersedes=["adr-0002"])
    assert refused(choice_document(choice="datahub", decision="adr-0002")) == {"decision": "superseded"}
    assert refused(choice_document(choice="datahub", decision="adr-0003")) == {"choice": "other_choice"}
    assert choice(choice="marquez", decision="adr-0003").version == 2


def test_a_decision_accepted_between_signing_and_applying_stops_it() -> None:
    decision()
    change = submitted("lineage_choice", choice_document())
    decision(2, decides=DATAHUB, supersedes=["adr-0001"])
    with pytest.raises(Refusal):
        signed(change)
    assert lineage_choice() is None


def test_the_columns_refuse_what_no_standing_decision_chooses() -> None:
    one = decision()
    made = LineageChoice()
    with pytest.raises(Conflict, match="datahub"):
        made.take_document(choice_document(choice="datahub"), one.owner)


@pytest.mark.parametrize("state", ["deprecated", "retired"])
def test_there_is_always_one(state: str) -> None:
    decision()
    choice()
    assert refused(choice_document(), to_state=state) == {"": "state"}


def test_the_database_refuses_a_second_one_and_one_that_nobody_decided() -> None:
    decision()
    one = choice()
    decision(2, decides=[{"topic": "queue", "choice": "openlineage"}])
    other = Ruling.objects.get(topic="queue")
    for write in (
        lambda: LineageChoice.objects.update(choice="datahub"),
        lambda: LineageChoice.objects.update(ruling=other),
        lambda: LineageChoice.objects.update(state="retired"),
        lambda: LineageChoice.objects.update(key="lineage-2"),
        lambda: LineageChoice.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    values = {f.attname: getattr(one, f.attname) for f in LineageChoice._meta.concrete_fields if f.attname != "id"}
    for more in ({}, {"key": "lineage-2"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LineageChoice.objects.bulk_create([LineageChoice(**(values | more))])


def test_another_key_is_told_where_to_look() -> None:
    decision()
    assert refused(choice_document(key="catalog")) == {"key": "invalid"}


def test_pages_and_api_show_it(client_of: Any, api_of: Any) -> None:
    empty = client_of("vera").get("/lineage-choice/")
    assert empty.status_code == 200
    decision()
    choice()
    page = client_of("vera").get("/lineage-choice/lineage/").content.decode()
    assert "openlineage" in page
    assert "ADR-0001" in page
    assert "A second store of the same facts." in page
    decision(2, decides=DATAHUB, supersedes=["adr-0001"])
    assert "has not followed it yet" in client_of("vera").get("/lineage-choice/lineage/").content.decode()
    told = api_of("vera").get("/api/v1/lineage-choice/lineage/").json()
    assert told["document"]["decision"] == "adr-0001"
