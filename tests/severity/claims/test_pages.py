"""The pages of claims, as a lead, the author of a claim and a viewer use them."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from severity.models import Claim, Incident
from tests.severity.claims.world import CONTRADICTED, SUPPORTED, corrected, reported

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
MOST_QUERIES = 25


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def sent(claim: Claim, verdict: str, *pieces: dict[str, str], **more: Any) -> dict[str, Any]:
    rows = {f"evidence.{number}.{name}": value for number, piece in enumerate(pieces) for name, value in piece.items()}
    return {"verdict": verdict, "note": "", "seen": claim.events.latest("id").pk} | rows | more


def test_without_any_claim_the_list_says_where_they_come_from(client_of: ClientOf) -> None:
    assert "No claim yet" in text(client_of("vera"), "/claims/")


def test_the_backlog_holds_what_is_not_verified_the_least_reversible_first(client_of: ClientOf) -> None:
    mild, bad = reported(reversibility="R0"), reported("unverified", reference="c-2", reversibility="R3")
    good = reported("verified", reference="c-3")
    client = client_of("vera")
    page = text(client, "/claims/")
    assert page.index(bad.get_absolute_url()) < page.index(mild.get_absolute_url())
    assert good.get_absolute_url() not in page
    assert good.get_absolute_url() in text(client, "/claims/?tab=all")
    filtered = text(client, "/claims/?reversibility=R3&verdict=unverified&q=contact&owner=crm-team")
    assert bad.get_absolute_url() in filtered
    assert mild.get_absolute_url() not in filtered
    assert "Nothing matches this filter" in text(client, "/claims/?q=zzz")
    for claim in (mild, bad):
        corrected(claim, "verified")
    assert "The backlog is empty" in text(client, "/claims/")


def test_the_csv_holds_every_row_and_no_formula(client_of: ClientOf) -> None:
    bad = reported(statement="=1+1", reversibility="R2")
    reported("verified", reference="c-2")
    answer = client_of("vera").get("/claims/?tab=all&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row["verdict"] for row in rows] == ["verified", "contradicted"]
    assert (rows[1]["human_id"], rows[1]["statement"], rows[1]["reversibility"], rows[1]["incident"]) == (
        bad.human_id, "'=1+1", "R2", Incident.objects.get().human_id,
    )  # fmt: skip


def test_a_claim_shows_its_evidence_verdicts_and_incident(
    client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    script = [CONTRADICTED[0] | {"note": "<script>x</script>", "reference": "https://logs.example/1"}]
    claim = corrected(
        reported(reversibility="R2", evidence=script, about={"kind": "contact", "key": "C-1"}), "verified"
    )
    viewer = client_of("vera")
    with django_assert_max_num_queries(MOST_QUERIES):
        page = text(viewer, claim.get_absolute_url())
    for shown in ("T-12", "Verified", "Contradicted", Incident.objects.get().human_id, "C-1", "closed by a person"):
        assert shown in page, shown
    assert "Give this verdict" not in page
    lead = client_of("omar")
    corrected(claim, "contradicted", by="huda")
    again = text(lead, claim.get_absolute_url().lower())
    assert "Give this verdict" in again
    assert "<script>x" not in again


def test_a_lead_corrects_a_verdict_and_keeps_what_stood(client_of: ClientOf) -> None:
    claim = reported(reversibility="R1")
    client = client_of("omar")
    page = text(client, claim.get_absolute_url())
    assert 'name="evidence.0.reference" value="crm.log:40"' in page
    assert 'name="evidence.2.reference" value=""' in page
    form = sent(claim, "partially_verified", CONTRADICTED[0], {"reference": "", "note": " "}, SUPPORTED[0])
    answer = client.post(claim.get_absolute_url(), form, follow=True)
    assert answer.status_code == 200
    assert f"The verdict on {claim.human_id} stands." in answer.content.decode()
    claim.refresh_from_db()
    assert (claim.verdict, claim.evidence) == ("partially_verified", [*CONTRADICTED, *SUPPORTED])
    assert claim.events.latest("id").actor_name == "omar"


def test_what_is_wrong_is_said_in_its_row_and_what_was_typed_stays(client_of: ClientOf) -> None:
    claim = reported()
    secret = SUPPORTED[0] | {"reference": "https://a:secret1@host/"}
    blank = {"kind": "log", "says": "supports", "reference": "", "note": ""}
    answer = client_of("omar").post(claim.get_absolute_url(), sent(claim, "verified", blank, secret, note="Typed."))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "looks like a credential" in page
    assert 'href="#f-evidence-1-reference"' in page
    assert 'id="f-evidence-1-reference_error"' in page
    assert "Typed." in page
    assert claim.events.count() == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "verified"}, 422), ({"verdict": "sure"}, 422), ({"verdict": ""}, 422), ({"note": "a\x00b"}, 422),
        ({"evidence.0.reference": "x" * 401}, 422), ({"evidence.0.kind": "x"}, 422), ({"note": "x" * 2001}, 422),
        ({"seen": "0"}, 409), ({"seen": "x" * 50, "verdict": "unverified"}, 302), ({"evidence.0.note": "\x00"}, 422),
    ],
)  # fmt: skip
def test_hostile_forms_are_refused(client_of: ClientOf, change: dict[str, str], status: int) -> None:
    claim = reported()
    answer: HttpResponse = client_of("omar").post(  # type: ignore[assignment]
        claim.get_absolute_url(), sent(claim, "contradicted", CONTRADICTED[0]) | change
    )
    assert answer.status_code == status, answer.content
    assert claim.events.count() == (2 if status == 302 else 1)


def test_nobody_betters_their_own_and_a_viewer_nothing(client_of: ClientOf) -> None:
    claim = reported(claimed_by="amal")
    own = client_of("amal").post(claim.get_absolute_url(), sent(claim, "verified", SUPPORTED[0]))
    assert own.status_code == 403
    assert "claim of their own" in own.content.decode()
    assert client_of("vera").post(claim.get_absolute_url(), sent(claim, "unverified")).status_code == 403
    assert claim.events.count() == 1


@pytest.mark.parametrize("pk", ["CLM-", "INC-1", "12x", "²", "9" * 40, "-1", "999999"])
def test_what_is_no_claim_is_no_page(client_of: ClientOf, pk: str) -> None:
    client = client_of("omar")
    assert client.get(f"/claims/{pk}/").status_code == 404
    assert client.post(f"/claims/{pk}/", {"verdict": "verified"}).status_code == 404
