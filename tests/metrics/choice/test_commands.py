"""`registry lineage seed|show|export|check`, from the first decision to a repository that keeps to it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from metrics.models import LineageChoice
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.events.registering import signed
from tests.people import actor, team
from tests.registering import EVIDENCE

pytestmark = pytest.mark.django_db


def run(topic: str, *told: object) -> tuple[str, str, int]:
    """What the command says, what it refuses with, and its exit code."""
    out = StringIO()
    try:
        call_command("registry", topic, *map(str, told), stdout=out, stderr=out)
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), "", 0


def accept() -> None:
    change = ChangeRequest.objects.get(state="draft")
    services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(evidence=EVIDENCE), now=database_now())
    signed(services.submit(actor=actor("amal"), change_id=change.pk, now=database_now()))


def test_from_the_first_decision_to_a_repository_that_keeps_to_it(tmp_path: Path) -> None:
    actor("amal")
    team("data-platform")
    seeded = ("lineage", "seed", "--as", "amal", "--owner", "data-platform", "--decider", "Huda")
    assert run("lineage", "show")[1:] == ("There is no lineage choice yet: see `registry lineage seed`.", 2)
    assert run("lineage", "check", tmp_path)[2] == 2
    assert "adr-0001: CHG-" in run(*seeded)[0]
    assert "is open already" in run(*seeded)[0]
    assert not LineageChoice.objects.exists()
    accept()
    assert "lineage: CHG-" in run(*seeded)[0]
    assert not LineageChoice.objects.exists(), "a proposal chooses nothing"
    accept()
    assert run(*seeded)[0] == "There is a choice already.\n"
    assert run("lineage", "show")[0].startswith("openlineage, by ADR-0001 “Use OpenLineage for lineage events” of 20")
    repository = tmp_path / "repository"
    run("decisions", "export", repository / "docs" / "decisions")
    said, _refusal, code = run("lineage", "check", repository, "--needs-decision")
    assert (code, "1 files keep to “openlineage”; ruled by " in said) == (0, True)
    (repository / "job.py").write_text("import os\nimport datahub\n")
    export, report = tmp_path / "lineage.json", tmp_path / "report.sarif"
    run("lineage", "export", "--out", export)
    for more in ((), ("--register", export)):
        said, refusal, code = run("lineage", "check", repository, "--sarif", report, *more)
        assert (code, refusal) == (1, "1 thing(s) do not keep to “openlineage”.")
        assert (
            said
            == f"{repository}/job.py:2: It imports datahub: “datahub” was not chosen for lineage. [second-catalog]\n"
        )
    (told,) = json.loads(report.read_text())["runs"]
    assert (told["tool"]["driver"]["name"], told["results"][0]["ruleId"]) == (
        "registry lineage check",
        "second-catalog",
    )


def test_what_proves_nothing_is_refused(tmp_path: Path) -> None:
    export = tmp_path / "lineage.json"
    export.write_text("{}")
    assert "It is no export" in run("lineage", "check", tmp_path, "--register", export)[1]
    assert run("lineage", "check", tmp_path, "--register", tmp_path / "nothing")[1].endswith(
        "No such file or directory."
    )
    export.write_text(
        json.dumps({"lineage_choice": 1, "choice": "openlineage", "decision": "adr-0001", "decisions": {}})
    )
    said = run("lineage", "check", tmp_path / "mistyped", "--register", export)
    assert said[1:] == (f"There is no {tmp_path}/mistyped.", 2)
