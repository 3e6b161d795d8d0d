"""Releases over HTTP and from the command line, as a pipeline and a person use them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from severity.models import Attestation, GateDecision, Promotion, ReadinessStatement, ReleaseCandidate
from severity.rules import Level
from tests.people import machine, team
from tests.releases import world

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
GATE = "/api/v1/releases/R-2026.12/gate"


def ci(api_of: Api) -> APIClient:
    return api_of(machine("ci"))


def from_ci(**more: Any) -> dict[str, Any]:
    document = {name: value for name, value in world.release_document().items() if name != "stage"}
    return document | {"attestation": world.provenance()} | more


def test_the_gate_answers_as_it_promises(api_of: Api) -> None:
    world.well()
    yes = api_of("vera").get(GATE, {"to": "staging"})
    assert yes.status_code == 200
    told = yes.json()
    assert (told["release"], told["to"], told["launch_allowed"], told["blocked_reasons"]) == (
        "R-2026.12", "staging", True, [],
    )  # fmt: skip
    assert {"warnings", "evaluated_at", "severity_note", "digest"} <= set(told)
    incident = world.trouble(Level.V3)
    (reason,) = api_of("vera").get(GATE, {"to": "staging"}).json()["blocked_reasons"]
    assert (reason["rule"], reason["object"], reason["address"]) == (
        "v3_open", incident.human_id, f"/incidents/{incident.human_id}/",
    )  # fmt: skip
    assert reason["since"]
    assert "No exception lifts a V3" in reason["who"]
    assert list(GateDecision.objects.order_by("id").values_list("allowed", "way")) == [(True, "api"), (False, "api")]


def test_one_statement_reads_everything_that_the_gate_judges_by(api_of: Api) -> None:
    world.well()
    api = api_of("vera")
    with CaptureQueriesContext(
        connection,
    ) as caught:
        api.get(GATE, {"to": "staging"})
    reads = [one["sql"] for one in caught if "severity_incident" in one["sql"] or "metrics_checkpoint" in one["sql"]]
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{GATE}?to=moon", 422),
        (f"{GATE}?to=dev", 422),
        (f"{GATE}?to=", 422),
        ("/api/v1/releases/R-none/gate?to=prod", 404),
        ("/api/v1/releases/%00/gate?to=prod", 400),
        (f"/api/v1/releases/{'r' * 500}/gate?to=prod", 404),
    ],
)
def test_a_question_without_an_answer_is_an_error_never_a_yes(api_of: Api, address: str, status: int) -> None:
    world.well()
    answer = api_of("vera").get(address)
    assert answer.status_code == status
    assert "launch_allowed" not in answer.json()


def test_ci_registers_a_candidate_with_its_attestation_in_one_call_and_again(api_of: Api) -> None:
    team("crm-team")
    first = ci(api_of).post("/api/v1/import/releases/", from_ci(), format="json")
    assert first.status_code == 201, first.json()
    assert (first.json()["new"], first.json()["stage"]) == (True, "dev")
    again = ci(api_of).post("/api/v1/import/releases/", from_ci(), format="json")
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert (ReleaseCandidate.objects.count(), Attestation.objects.count()) == (1, 1)
    other = ci(api_of).post("/api/v1/import/releases/", from_ci(build="ci-1"), format="json")
    assert (other.status_code, other.json()["type"]) == (409, "urn:portal:problem:other_build")


def test_a_candidate_with_an_unsound_attestation_is_not_registered_at_all(api_of: Api) -> None:
    team("crm-team")
    bad = from_ci(attestation=world.provenance(commit="0" * 40))
    refused = ci(api_of).post("/api/v1/import/releases/", bad, format="json")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:portal:problem:other_commit")
    assert not ReleaseCandidate.objects.exists()


def test_rows_are_set_by_people_with_evidence(api_of: Api) -> None:
    world.release()
    address = "/api/v1/releases/R-2026.12/rows/"
    body: dict[str, Any] = {
        "dimension": "docs_truth", "status": "ok", "owner": "crm-team", "evidence": world.LOOKED_AT, "note": "",
    }  # fmt: skip
    assert api_of("amal").post(address, body, format="json").status_code == 201
    assert ci(api_of).post(address, body, format="json").status_code == 403
    assert api_of("vera").post(address, body, format="json").status_code == 403
    for wrong, path in (
        ({"evidence": []}, "evidence"),
        ({"dimension": "data_quality"}, "dimension"),
        ({"status": "fine"}, "status"),
        ({"status": "risk"}, "note"),
        ({"owner": "nobody"}, "owner"),
        ({"evidence": [{"title": "x", "address": "javascript:alert(1)"}]}, "evidence.0.address"),
        ({"evidence": [{"title": "x", "address": "//evil.example"}]}, "evidence.0.address"),
    ):
        refused = api_of("amal").post(address, body | wrong, format="json")
        assert refused.status_code == 422
        assert path in [one["path"] for one in refused.json()["errors"]], refused.json()
    (said,) = api_of("vera").get(address).json()["results"]
    assert (said["by"], said["status"], ReadinessStatement.objects.count()) == ("amal", "ok", 1)


def test_a_promotion_by_api_is_a_change_like_any_other(api_of: Api) -> None:
    world.well()
    opened = api_of("amal").post("/api/v1/releases/R-2026.12/promote/")
    assert (opened.status_code, opened.json()["state"]) == (201, "draft")
    world.promoted(to="staging")
    frozen = api_of("vera").get("/api/v1/releases/R-2026.12/promotions/").json()["results"][0]
    assert (frozen["to_stage"], frozen["matrix"]["to"], frozen["digest"]) == (
        "staging", "staging", Promotion.objects.get().digest,
    )  # fmt: skip
    assert len(api_of("vera").get("/api/v1/releases/R-2026.12/matrix/").json()["rows"]) == 9
    assert api_of("vera").get("/api/v1/releases/R-2026.12/decisions/").json()["results"][0]["way"] == "promote"


def command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("gate", "check", *arguments, stdout=out, stderr=err)
    assert isinstance(ended.value.code, int)
    return ended.value.code, out.getvalue(), err.getvalue()


def test_the_command_says_yes_no_or_that_it_does_not_know() -> None:
    world.well()
    code, told, _err = command("R-2026.12", "--to", "staging")
    assert (code, "may be promoted to staging" in told) == (0, True)
    world.trouble(Level.V3)
    code, told, _err = command("R-2026.12", "--to", "staging")
    assert (code, "[v3_open]" in told) == (1, True)
    assert command("R-none", "--to", "staging")[0] == 2
    assert command("R-2026.12", "--to", "moon")[0] == 2
