"""`registry decisions export|import`: files become drafts, the register becomes files."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from metrics.models import DecisionRecord
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.events.registering import signed
from tests.metrics.deciding import decision
from tests.metrics.decisions.test_files import ADR_TOOLS, MADR
from tests.people import actor, team
from tests.registering import EVIDENCE

pytestmark = pytest.mark.django_db


def run(*told: object) -> tuple[str, str, int]:
    """What the command says on both streams, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("registry", "decisions", *map(str, told), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}", error.returncode
    return out.getvalue(), err.getvalue(), 0


def accept(change: ChangeRequest, **more: object) -> None:
    draft = Draft(document=change.document | more, evidence=EVIDENCE)
    services.edit(actor=actor("amal"), change_id=change.pk, draft=draft, now=database_now())
    signed(services.submit(actor=actor("amal"), change_id=change.pk, now=database_now()))


def test_files_become_drafts_once_and_the_register_becomes_the_same_files(tmp_path: Path) -> None:
    actor("amal")
    team()
    decision(1, decides=[])
    decision(4, decides=[])
    files = tmp_path / "doc" / "adr"
    files.mkdir(parents=True)
    (files / "0005-use-openlineage.md").write_text(MADR)
    (files / "0012-another-way.md").write_text(
        "---\nstatus: accepted\ndate: 2026-03-01\n---\n# Another way\n\nDo so.\n"
    )
    (files / "0013-no.md").write_text("---\nstatus: rejected\n---\n# No\n")
    (files / "README.md").write_text("# Decisions\n")
    told, wrong, code = run("import", files, "--as", "amal", "--owner", "crm-team", "--decider", "Huda")
    assert (code, ChangeRequest.objects.filter(state="draft").count()) == (0, 2)
    assert "0013-no.md: It is rejected: left out." in told
    assert "not carried: front matter “tags”" in wrong
    five, twelve = ChangeRequest.objects.filter(state="draft").order_by("key")
    # Only the older file said which one took its place.
    assert (five.key, twelve.document["supersedes"], twelve.document["deciders"]) == (
        "adr-0005",
        ["adr-0005"],
        ["Huda"],
    )
    again, _wrong, code = run("import", files, "--as", "amal", "--owner", "crm-team", "--decider", "Huda")
    assert (code, again.count("is open already"), ChangeRequest.objects.filter(state="draft").count()) == (0, 2, 2)
    accept(five)
    accept(twelve, decides=[{"topic": "lineage", "choice": "datahub"}])
    out = tmp_path / "out"
    told, _wrong, code = run("export", out)
    assert told.split() == [
        "0001-keep-lineage-in-one-place.md", "0004-keep-lineage-in-one-place.md", "0005-use-openlineage-for-lineage-events.md",
        "0012-another-way.md",
    ]  # fmt: skip
    assert "status: superseded by ADR-0012\n" in (out / "0005-use-openlineage-for-lineage-events.md").read_text()
    assert run("export", out)[0] == "", "nothing is written twice"
    assert run("import", out, "--as", "amal")[0].count("is registered") == 4
    assert DecisionRecord.objects.count() == 4


def test_an_accepted_decision_is_never_edited_by_a_file(tmp_path: Path) -> None:
    decision(1)
    run("export", tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text().replace("One receiver.", "Two receivers."))
    _told, wrong, code = run("import", tmp_path, "--as", "amal")
    assert code == 1
    assert "ADR-0001 was accepted otherwise (text); a decision is never edited." in wrong


def test_adr_tools_lacks_people_and_says_so(tmp_path: Path) -> None:
    actor("amal")
    decision(1)
    (tmp_path / "0009-keep.md").write_text(ADR_TOOLS)
    told, _wrong, code = run("import", tmp_path, "--as", "amal")
    assert code == 0
    assert "is a draft; " in told
    assert "deciders" in told
    assert "owner" in told
    _told, lost, _code = run("export", tmp_path / "out", "--format", "adr-tools")
    assert "cannot carry deciders, owner, description, decides" in lost
    text = (tmp_path / "out" / "0001-keep-lineage-in-one-place.md").read_text()
    assert text.startswith(
        "# 1. Keep lineage in one place\n\nDate: 2026-01-31\n\n## Status\n\nAccepted\n\n## Context\n"
    )


def test_what_cannot_be_taken_stops_nothing_else(tmp_path: Path) -> None:
    actor("amal")
    for name, text in (("0001-a.md", "no title"), ("0002-b.md", "# B\n\nText.\n"), ("0002-c.md", "# C\n\nText.\n")):
        (tmp_path / name).write_text(text)
    told, wrong, code = run("import", tmp_path, tmp_path / "nowhere.md", "--as", "amal")
    assert code == 1
    assert "0001-a.md:1: It has no title" in wrong
    assert "0002-c.md: ADR-0002 stands in" in wrong
    assert "nowhere.md: It cannot be read: No such file or directory." in wrong
    assert "0002-b.md: CHG-" in told
    assert run("import", tmp_path)[2] == 2
