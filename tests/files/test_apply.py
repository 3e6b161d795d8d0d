"""`registry apply` opens changes for what files say, once, and never writes around the approvals."""

from pathlib import Path

import pytest
import yaml

from connectors.models import Connector
from portal.changes import decisions, services
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeSet
from portal.files.planning import Action
from portal.operations.services import database_now
from portal.roles import ActorType
from tests.documents import runtime_tool_document
from tests.files.stands import export, planned, replaced, signed
from tests.files.test_plan import CRM, run, write
from tests.people import actor, machine, team, user
from tests.registering import EVIDENCE, apply_connector

pytestmark = pytest.mark.django_db


@pytest.fixture
def evidence(tmp_path: Path) -> str:
    """A file with the evidence pack."""
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(EVIDENCE))
    return str(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An exported registry in which one file was changed and one added."""
    made = tmp_path / "registry"
    made.mkdir()
    apply_connector(runtime_tool_document())
    export(made)
    attempts(made, 3, 5)
    write(made, runtime_tool_document("orders"))
    user("amal")
    return made


def attempts(root: Path, before: int, after: int) -> None:
    """A person changes a facet, and the number of the contract's version with it."""
    replaced(root, CRM, f"max_attempts: {before}", f"max_attempts: {after}")
    if "number: 1.0.0" in (root / CRM).read_text():
        replaced(root, CRM, "number: 1.0.0", "number: 1.0.1")


def opened() -> list[ChangeRequest]:
    return list(ChangeRequest.objects.filter(state__in=OPEN_STATES).order_by("id"))


def test_a_change_is_opened_for_each_file_and_a_repeat_does_nothing(root: Path) -> None:
    code, out, err = run("apply", root, "--as", "amal", "--summary", "More attempts")
    assert (code, err) == (0, "")
    first, second = opened()
    assert out.splitlines() == [
        f"{CRM}: {first.human_id} opened",
        f"connectors/orders.yaml: {second.human_id} opened",
        "2 with a change, 0 unchanged.",
    ]
    assert [(one.state, one.base_version, one.summary) for one in (first, second)] == [
        ("draft", 1, "More attempts"),
        ("draft", 0, "More attempts"),
    ]
    assert first.author == user("amal")
    assert Connector.objects.get().document["facets"]["retry"]["max_attempts"] == 3
    revisions = [one.revision for one in opened()]
    code, out, _err = run("apply", root, "--as", "amal")
    assert code == 0
    assert f"{CRM}: {first.human_id} is open already" in out
    assert [one.revision for one in opened()] == revisions


def test_files_become_versions_once_they_are_signed(root: Path, evidence: str) -> None:
    code, out, err = run("apply", root, "--as", "amal", "--submit", "--evidence", evidence)
    assert (code, err) == (0, "")
    first, second = opened()
    assert f"{CRM}: {first.human_id} opened, in review" in out
    assert run("apply", root, "--as", "amal", "--submit", "--evidence", evidence)[0] == 0
    assert len(opened()) == 2
    signed(first)
    signed(second)
    assert run("plan", root)[0] == 0
    assert run("export", root) == (0, "", "")
    assert Connector.objects.get(key="crm-lookup").version == 2


def test_without_evidence_the_drafts_stay_and_it_is_said(root: Path, evidence: str) -> None:
    code, _out, err = run("apply", root, "--as", "amal", "--submit")
    assert code == 1
    assert "cannot be submitted: This change needs an evidence pack" in err
    assert {one.state for one in opened()} == {"draft"}
    assert run("apply", root, "--as", "amal", "--submit", "--evidence", evidence)[0] == 0
    assert [one.state for one in opened()] == ["in_review", "in_review"]


def test_an_open_change_takes_on_what_the_file_says_now(root: Path, evidence: str) -> None:
    run("apply", root, "--as", "amal", "--submit", "--evidence", evidence)
    first = opened()[0]
    attempts(root, 5, 7)
    code, out, _err = run("apply", root, "--as", "amal")
    assert code == 0
    assert f"{CRM}: {first.human_id} takes on what the file says" in out
    assert len(opened()) == 2
    first.refresh_from_db()
    assert first.document["facets"]["retry"]["max_attempts"] == 7
    # What was put before the approvers is a new proposal: signatures on the old one count no more.
    assert (first.state, first.proposal_number) == ("in_review", 2)


def test_an_open_change_from_an_older_version_is_refused_by_its_number(root: Path) -> None:
    run("apply", root, "--as", "amal")
    stale = opened()[0]
    others = {"facets.retry.max_attempts": 4, "facets.version.number": "1.0.1"}
    apply_connector(runtime_tool_document(changes=others), by="noor")
    replaced(root, CRM, "number: 1.0.1", "number: 1.0.2")
    code, _out, err = run("apply", root, "--as", "amal")
    assert code == 1
    assert f"{CRM}: {stale.human_id} of yours was made from version 1, and version 2 stands" in err
    services.withdraw(actor=actor("amal"), change_id=stale.pk, now=database_now())
    assert run("apply", root, "--as", "amal")[0] == 0


def test_what_somebody_else_put_before_the_approvers_is_not_opened_again(root: Path, evidence: str) -> None:
    user("noor")
    run("apply", root, "--as", "noor")
    assert run("apply", root, "--as", "amal")[0] == 0
    # A draft of somebody else may never be submitted.
    assert len(opened()) == 4
    for one in opened():
        if one.author == user("amal"):
            services.withdraw(actor=actor("amal"), change_id=one.pk, now=database_now())
    run("apply", root, "--as", "noor", "--submit", "--evidence", evidence)
    code, out, _err = run("apply", root, "--as", "amal", "--submit", "--evidence", evidence)
    assert code == 0
    assert out.count("is open already") == 2


def test_with_an_invalid_file_nothing_is_opened(root: Path) -> None:
    write(root, runtime_tool_document("stock", changes={"owner": "nobody"}))
    code, _out, err = run("apply", root, "--as", "amal")
    assert code == 2
    assert f"{root}/connectors/stock.yaml:5: owner: There is no team “nobody”" in err
    assert err.endswith("1 file(s) must be put right. Nothing was opened.")
    assert opened() == []
    code, out, _err = run("apply", root, "--as", "amal", "--only-valid")
    assert code == 1
    assert "2 with a change" in out
    assert len(opened()) == 2


def test_a_set_is_opened_whole_or_not_at_all(root: Path, evidence: str) -> None:
    code, _out, _err = run(
        "apply", root, "--as", "amal", "--set", "--submit", "--evidence", evidence, "--summary", "Both"
    )
    assert code == 0
    assert ChangeSet.objects.get().summary == "Both"
    assert {one.change_set_id for one in opened()} == {ChangeSet.objects.get().pk}
    assert [one.state for one in opened()] == ["in_review", "in_review"]
    assert run("apply", root, "--as", "amal", "--set", "--submit", "--evidence", evidence)[0] == 0
    write(root, runtime_tool_document("late"))
    code, _out, err = run("apply", root, "--as", "amal", "--set")
    assert code == 2
    assert "Nothing was opened." in err
    assert len(opened()) == 2
    for one in opened():
        for name in ("omar", "huda")[: 1 if one.required_class == "A1" else 2]:
            _approve(one, name)
    assert Connector.objects.count() == 2
    assert Connector.objects.get(key="crm-lookup").version == 2


def _approve(change: ChangeRequest, name: str) -> None:
    change.refresh_from_db()
    decisions.approve(actor=actor(name), change_id=change.pk, digest=change.digest, now=database_now())


def test_only_who_may_propose_opens_changes(root: Path) -> None:
    user("vera")
    code, _out, err = run("apply", root, "--as", "vera")
    assert code == 1
    assert err.count("You may not propose and edit changes") == 2 or err.count("may not") >= 2, err
    assert run("apply", root, "--as", "nobody")[0] == 2
    assert run("apply", root)[0] == 2
    assert opened() == []
    machine("ci", actor_type=ActorType.AUTOMATED_WORKFLOW)
    assert run("apply", root, "--as", "ci")[0] == 0
    assert {one.author_actor_type for one in opened()} == {"automated_workflow"}


def test_evidence_that_is_none_is_refused(root: Path, tmp_path: Path) -> None:
    for content in (b"[]", b"a: *b", b"sources: []"):
        (tmp_path / "evidence.yaml").write_bytes(content)
        code, _out, err = run("apply", root, "--as", "amal", "--submit", "--evidence", str(tmp_path / "evidence.yaml"))
        assert code in (1, 2)
        assert err
    assert run("apply", root, "--as", "amal", "--evidence", str(tmp_path))[0] == 2
    assert {one.state for one in opened()} <= {"draft"}


def test_what_is_deprecated_in_a_new_registry_comes_into_force_first(tmp_path: Path, evidence: str) -> None:
    team("crm-team")
    user("amal")
    root = tmp_path / "registry"
    root.mkdir()
    path = write(root, runtime_tool_document(changes={"deprecation.sunset_on": "2027-03-31"}))
    path.write_text("state: deprecated\n" + path.read_text())
    (step,) = planned(root).of(Action.CREATE)
    assert step.note
    for version in (1, 2):
        assert run("apply", root, "--kind", "runtime_tool", "--as", "amal", "--submit", "--evidence", evidence)[0] == 0
        signed(opened()[0])
        assert Connector.objects.get().version == version
    assert Connector.objects.get().state == "deprecated"
    assert run("plan", root, "--kind", "runtime_tool")[0] == 0
