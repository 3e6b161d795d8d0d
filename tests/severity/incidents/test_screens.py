"""The pages of this part: what they show, what their buttons do, and what they refuse."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from portal.operations.services import database_now
from severity.models import Incident, IncidentState
from severity.rates import groups, lasting, together
from severity.rates_plot import lines
from severity.rules import Level
from tests.people import team, user
from tests.severity.incidents.making import act, again, declared, past
from tests.severity.incidents.making import lines as told

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Any], Client]
HOUR = timedelta(hours=1)


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return str(answer.content.decode())


def post(client: Client, incident: Incident, action: str, status: int = 302, **more: Any) -> str:
    answer = client.post(incident.get_absolute_url(), {"action": action} | more)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


def test_the_board_shows_states_with_the_worst_above(client_of: ClientOf) -> None:
    open_, taken = declared(title="Is open"), act("acknowledge", declared(title="Is taken"))
    calm = act("mitigate", declared(title="Is calm"), text="So.")
    over, worst = act("resolve", declared(title="Is over")), declared(Level.V3, title="Is worst")
    page = text(client_of("amal"), "/incidents/board/")
    places = [page.index(one.title) for one in (worst, open_, taken, calm, over)]
    assert places == sorted(places)
    assert "<span>Mitigate</span>" in page
    assert 'value="acknowledge"' not in text(client_of("vera"), "/incidents/board/")


def test_a_column_is_bounded_and_says_so(client_of: ClientOf) -> None:
    for number in range(22):
        declared(title=f"Number {number}")
    page = text(client_of("amal"), "/incidents/board/")
    assert "20 of 22" in page
    assert page.count('board-card"') == 20
    assert "/incidents/?state=open" in page


def test_every_button_of_the_page_does_what_it_says(client_of: ClientOf) -> None:
    team("other-team"), user("noor")
    amal, incident = client_of("amal"), declared(Level.V2)
    evidence = {"evidence_kind": "log", "evidence_reference": "log 17", "evidence_note": "It shows."}
    for action, more, what in (
        ("acknowledge", {}, "acknowledged"),
        ("update", {"text": "So far."}, "update"),
        ("impact", {"text": "All customers."}, "impact"),
        ("measure", {"text": "Watched."}, "measure"),
        ("withdraw_measure", {}, "measure_withdrawn"),
        ("step", {"number": "1"}, "step_done"),
        ("link", {"reference": "https://status.example/"}, "linked"),
        ("severity", {"severity": "V3", "text": "A leak."} | evidence, "raised"),
        ("command", {"to": "noor"}, "command"),
        ("owner", {"owner": "other-team", "text": "Theirs."}, "given"),
        ("mitigate", {"text": "Closed."}, "mitigated"),
        ("resolve", {"text": "Fixed."}, "resolved"),
        ("review", {"what_happened": "a", "cause": "b", "follow_up": "c"}, "review_written"),
    ):
        post(amal, incident, action, **more)
        assert told(incident)[-1] == what
    page = text(amal, incident.get_absolute_url())
    assert "log 17" in page
    assert "https://status.example/" in page
    digest = again(incident).review.digest
    assert "approve_review" not in page
    assert "approve_review" in text(client_of("omar"), incident.get_absolute_url())
    post(client_of("omar"), incident, "approve_review", digest=digest)
    post(amal, incident, "subscribe")
    assert "Follow no more" in text(amal, incident.get_absolute_url())
    post(amal, incident, "unsubscribe")
    post(amal, incident, "unlink", link=str(incident.links.get().pk))


@pytest.mark.parametrize(
    ("action", "more", "status"),
    [
        ("severity", {"severity": "V9", "text": "x"}, 422),
        ("severity", {"severity": "V3", "text": "x"}, 422),
        ("severity", {"severity": "V3", "text": "x", "evidence_reference": "y" * 501}, 422),
        ("step", {"number": "²"}, 404),
        ("step", {}, 404),
        ("link", {"reference": "ftp://x"}, 422),
        ("unlink", {"link": "9" * 30}, 404),
        ("merge", {"into": "nonsense"}, 404),
        ("merge", {"into": "INC-999999"}, 404),
        ("command", {}, 409),
        ("nonsense", {}, 404),
    ],
)
def test_what_the_page_refuses_is_said_and_nothing_is_done(
    client_of: ClientOf, action: str, more: dict[str, str], status: int
) -> None:
    incident = declared()
    post(client_of("amal"), incident, action, status, **more)
    assert told(incident) == ["opened"]


def test_who_only_looks_gets_no_form_and_no_further(client_of: ClientOf) -> None:
    incident, vera = declared(), client_of("vera")
    page = text(vera, incident.get_absolute_url())
    assert 'value="acknowledge"' not in page
    post(vera, incident, "acknowledge", 403)
    text(vera, "/incidents/declare/", 403)


def test_only_some_are_offered_to_lower_a_v3(client_of: ClientOf) -> None:
    incident = declared(Level.V3)
    assert 'value="severity"' not in text(client_of("omar"), incident.get_absolute_url())
    assert 'value="severity"' in text(client_of("huda"), incident.get_absolute_url())


def test_an_incident_is_declared_by_a_form_once(client_of: ClientOf) -> None:
    team()
    amal = client_of("amal")
    page = text(amal, "/incidents/declare/")
    once = page.partition('name="once" value="')[2].partition('"')[0]
    form = {"once": once, "title": "Lost <orders>", "severity": "V2", "owner": "crm-team", "impact": "All of them."}
    for _ in range(2):
        told = amal.post("/incidents/declare/", form).headers["Location"]
        assert told == Incident.objects.get().get_absolute_url()
    assert Incident.objects.get().impact == "All of them."
    assert "<orders>" not in text(amal, Incident.objects.get().get_absolute_url())
    for wrong in ({"severity": ""}, {"severity": "V3"}, {"owner": "nobody"}, {"title": " "}, {"connector": "none"}):
        refused = amal.post("/incidents/declare/", form | {"once": ""} | wrong)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.content.decode()
    assert Incident.objects.count() == 1


def test_several_are_acknowledged_and_merged_each_as_it_stands_now(client_of: ClientOf) -> None:
    amal = client_of("amal")
    rows = [declared(), declared(), act("acknowledge", declared(), by="omar")]
    assert text(amal, "/incidents/?choose=1").count('name="chosen"') == 3
    chosen = [one.human_id for one in rows]
    answer = amal.post("/incidents/", {"action": "acknowledge", "chosen": chosen}, follow=True)
    assert "You acknowledged 2 of them." in answer.content.decode()
    assert again(rows[2]).commander == user("omar")
    answer = amal.post("/incidents/", {"action": "merge", "chosen": chosen, "into": rows[1].human_id}, follow=True)
    assert "2 of them were merged." in answer.content.decode()
    assert Incident.objects.unresolved().get() == rows[1]
    for posted in ({"action": "merge"}, {"action": "acknowledge", "chosen": []}):
        assert amal.post("/incidents/", posted).status_code == 302
    for posted in ({"action": "resolve", "chosen": chosen}, {"action": "merge", "chosen": ["INC-x"]}, {}):
        assert amal.post("/incidents/", posted).status_code == 404
    vera = client_of("vera")
    assert 'name="chosen"' not in text(vera, "/incidents/?choose=1")
    last = declared()
    vera.post("/incidents/", {"action": "acknowledge", "chosen": [last.human_id]})
    assert again(last).state == IncidentState.OPEN


def test_the_filters_find_what_they_say(client_of: ClientOf) -> None:
    late = past(declared(title="Is late"), ack_by=-HOUR)
    taken = act("acknowledge", past(declared(title="Is taken"), ack_by=-HOUR))
    gone = declared(title="Is gone")
    act("merge", gone, into=declared(title="Goes on").pk)
    act("subscribe", taken, by="vera")
    vera = client_of("vera")
    titles = {one.title for one in Incident.objects.all()}

    def found(query: str) -> set[str]:
        page = text(vera, f"/incidents/?tab=all&{query}")
        return {title for title in titles if f"<bdi>{title}</bdi></a>" in page}

    assert found("overdue=true") == {late.title}
    assert found("overdue=false") == titles - {late.title}
    assert found("subscribed=true") == {taken.title}
    assert found("merged=true") == {gone.title}
    assert found("source=manual") == titles
    assert found("source=api") == set()
    assert found("dimension=connector_health") == titles
    assert found("dimension=docs_truth") == set()


def opened(level: Level, days: float, *, taken: float | None = None, ended: float | None = None) -> Incident:
    """An incident of so many days ago, taken on and ended so many hours after."""
    made, at = declared(level), database_now() - timedelta(days=days)
    Incident.objects.filter(pk=made.pk).update(
        opened_at=at,
        acknowledged_at=None if taken is None else at + taken * HOUR,
        resolved_at=None if ended is None else at + ended * HOUR,
        state="resolved" if ended is not None else "open" if taken is None else "acknowledged",
    )
    return again(made)


def test_rates_are_counted_by_the_database_as_by_hand(client_of: ClientOf) -> None:
    opened(Level.V2, 40)
    opened(Level.V2, 40, taken=1, ended=24 * 15)
    opened(Level.V1, 20.5, taken=2, ended=4)
    opened(Level.V1, 20.5, taken=4, ended=8)
    opened(Level.V2, 2.5, taken=1)
    opened(Level.V1, 400, taken=1, ended=2)
    now = database_now()
    for days in (30, 90, 365):
        points = lasting(now=now, days=days)
        assert points[-1].at == now
        assert points[-1].counts == (0, 0, 2, 0)
        for point in points[:-1]:
            rows = Incident.objects.filter(opened_at__lt=point.at).exclude(resolved_at__lt=point.at)
            by_hand = tuple(rows.filter(severity=level).count() for level in Level)
            assert point.counts == by_hand, (days, point.at)
    times = dict(together(groups(now=now, days=30), "level"))
    assert (times[Level.V1].opened, times[Level.V1].to_acknowledge, times[Level.V1].to_resolve) == (
        2,
        3 * 3600,
        6 * 3600,
    )
    assert (times[Level.V2].to_acknowledge, times[Level.V2].to_resolve) == (3600, None)
    page = text(client_of("vera"), "/incidents/rates/?days=90")
    assert "plot-level--V2" in page
    assert "crm-team" in page
    answer = client_of("vera").get("/incidents/rates/?days=90&format=csv")
    assert b"mttr_minutes" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["", "?days=30", "?days=0", "?days=x", "?days=-1"])
def test_rates_without_incidents_or_of_nonsense_are_a_page(client_of: ClientOf, query: str) -> None:
    assert "No incident in these days" in text(client_of("vera"), f"/incidents/rates/{query}")


def test_lines_have_gaps_and_lone_dots() -> None:
    now = database_now()
    times = [now + number * HOUR for number in range(5)]
    drawn = lines(times, {"V3": [1.0, None, 3.0, None, None], "V2": [0.0, 4.0, 4.0, None, 1.0], "V1": [None] * 5})
    v3, v2 = drawn.lines
    assert (v3.strokes, len(v3.dots)) == ((), 2)
    assert (len(v2.strokes), v2.dots[0][0]) == (2, "100.00%")
    assert lines(times, {"V0": [None] * 5}).lines == ()
    assert lines([], {}).times == ()
