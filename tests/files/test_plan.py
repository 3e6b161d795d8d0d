"""What `registry plan` says: what would change, what is wrong and where, and nothing of files that lead elsewhere."""

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.models import Connector
from portal.changes.models import ChangeRequest
from portal.files import tree
from portal.files.layout import file_of
from portal.files.planning import Action
from portal.registry import kinds
from portal.registry.models import EntryState
from tests.documents import data_movement_document, runtime_tool_document
from tests.files.stands import export, one_of, planned, replaced
from tests.people import team
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
CRM = "connectors/crm-lookup.yaml"


def run(what: str, path: Path, *options: str) -> tuple[int, str, str]:
    """The command's exit code, and what it printed on both ways out."""
    out, err = StringIO(), StringIO()
    try:
        call_command("registry", what, str(path), *options, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def write(root: Path, document: dict[str, Any], kind: str = "runtime_tool", name: str = "") -> Path:
    path = root / "connectors" / f"{name or document['key']}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file_of(kinds.get(kind), document, "active"))
    return path


def only(root: Path) -> tree.Fault:
    """The one thing that is wrong."""
    (step,) = planned(root).of(Action.INVALID)
    (fault,) = step.faults
    return fault


def test_it_tells_what_changes_field_by_field_and_from_which_version(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(data_movement_document())
    export(tmp_path)
    assert run("plan", tmp_path)[0] == 0
    replaced(tmp_path, CRM, "max_attempts: 3", "max_attempts: 5")
    replaced(tmp_path, CRM, "        - dev\n", "")
    write(tmp_path, runtime_tool_document("orders"))
    (tmp_path / "connectors/crm-warehouse.yaml").unlink()
    code, out, err = run("plan", tmp_path)
    assert code == 1
    assert out.splitlines() == [
        f"{CRM}: change runtime_tool crm-lookup from version 1",
        "    facets.retry.max_attempts: 3 → 5",
        '    runtime_tool.allowlist[support-agent].environments: ["dev", "prod"] → ["prod"]',
        "    stands against submitting it now: line 36, facets.version.number: Needs a patch bump, 1.0.1 or higher:"
        " facet retry changed.",
        "connectors/orders.yaml: create runtime_tool orders",
        "registered, not in the files: data_movement crm-warehouse (active, version 1)",
        "1 to create, 1 to change, 0 unchanged, 0 invalid, 0 of retired entries.",
    ]
    assert err == "2 file(s) would change the registry."
    assert not ChangeRequest.objects.filter(state="draft").exists()
    code, out, _err = run("plan", tmp_path, "--format", "json")
    told = json.loads(out)
    assert code == 1
    assert told["counts"] == {"create": 1, "change": 1, "unchanged": 0, "retired": 0, "invalid": 0}
    assert told["files"][0]["differences"][0] == {"path": "facets.retry.max_attempts", "old": 3, "new": 5}
    assert told["files"][0]["base_version"] == 1
    assert told["missing"] == [{"kind": "data_movement", "key": "crm-warehouse", "state": "active", "version": 1}]
    assert run("plan", tmp_path, "--kind", "data_movement")[0] == 0


def test_comments_order_and_other_words_for_the_same_change_nothing(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    export(tmp_path)
    replaced(tmp_path, CRM, "total_seconds: 30.0", "# as the vendor says\n    total_seconds: 30")
    assert [step.action for step in planned(tmp_path).steps] == [Action.UNCHANGED]
    assert export(tmp_path) == [CRM]
    (tmp_path / CRM).write_text(f"# Ours.\n{(tmp_path / CRM).read_text()}\n# The end.\n")
    assert export(tmp_path) == []
    assert (tmp_path / CRM).read_text().startswith("# Ours.")
    (tmp_path / CRM).write_text(json.dumps(runtime_tool_document(), indent=1))
    assert [step.action for step in planned(tmp_path).steps] == [Action.UNCHANGED]


def test_one_and_true_differ_though_they_are_the_same_to_python(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"on": {"const": 1}}}
    apply_connector(runtime_tool_document(changes={"facets.contract.operations.0.output_schema": schema}))
    export(tmp_path)
    replaced(tmp_path, CRM, "const: 1", "const: true")
    (step,) = planned(tmp_path).steps
    assert step.action is Action.CHANGE
    assert [part.path for part in step.differences] == ["facets"]


def test_an_older_document_is_unchanged_though_fields_came_later(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    older = {name: part for name, part in runtime_tool_document().items() if name not in ("facade", "deprecation")}
    one = Connector.objects.get()
    one.take_document(older, one.owner)
    Connector.objects.filter(pk=one.pk).update(document=one.document, digest=one.digest)
    write(tmp_path, runtime_tool_document())
    assert [step.action for step in planned(tmp_path).steps] == [Action.UNCHANGED]
    assert export(tmp_path) == [CRM]
    assert "\nfacade:" not in (tmp_path / CRM).read_text()
    assert [step.action for step in planned(tmp_path).steps] == [Action.UNCHANGED]


@pytest.mark.parametrize(
    "changed",
    [{"facets": runtime_tool_document(changes={"facets.retry.max_attempts": "often"})["facets"]}, {"colour": "red"}],
)
def test_problems_are_told_with_their_lines(changed: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path, runtime_tool_document() | changed)
    code, _out, err = run("plan", tmp_path)
    assert code == 2
    field = "colour" if "colour" in changed else "max_attempts"
    lines = path.read_text().splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.strip().startswith(f"{field}:")]
    assert f"{path}:{number}: " in err
    assert "1 file(s) must be put right." in err


def test_an_unknown_owner_and_a_field_that_is_missing_have_lines_too(tmp_path: Path) -> None:
    document = runtime_tool_document(changes={"owner": "nobody"})
    write(tmp_path, document)
    assert (only(tmp_path).field, only(tmp_path).code, only(tmp_path).line) == ("owner", "unknown_team", 5)
    team("crm-team")
    document["facets"]["contract"]["operations"][0]["errors"] = [{"code": "a", "meaning": "b"}, {"code": "c"}]
    path = write(tmp_path, document | {"owner": "crm-team"})
    fault = only(tmp_path)
    assert fault.field == "facets.contract.operations.0.errors.1.meaning"
    # What is missing is told at the line of what lacks it.
    assert path.read_text().splitlines()[fault.line - 1].strip() == "- code: c"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"key: crm-lookup\nkey: crm-lookup\n", (2, "unreadable", "stands twice")),
        (b"key: crm-lookup\nname: &a b\nowner: *a\n", (3, "unreadable", "Aliases")),
        (b"key: !!python/name:os.system crm\n", (1, "unreadable", "tag")),
        (b"\x00\xff\xfe\x01" * 50, (1, "unreadable", "UTF-8")),
        (b"key: crm-lookup\n---\nkey: other\n", (2, "unreadable", "more than one document")),
        (b"key: [" + b"[" * 5000, (1, "unreadable", "deeper")),
        (b"key: " + b"x" * (tree.MOST_BYTES + 1), (0, "unreadable", "larger than 1024 kB")),
        (b"<<<<<<< HEAD\nkey: crm-lookup\n=======\n", (2, "unreadable", "It is not YAML")),
        (b"", (1, "not_an_object", "mapping")),
        (b"- key: crm-lookup\n", (1, "not_an_object", "mapping")),
        (b"# A comment.\nkey: other\nruntime_tool: {}\n", (2, "key", "named “crm-lookup”")),
        (b"name: x\nruntime_tool: {}\n", (1, "key", "named “crm-lookup”")),
        (b"key: crm-lookup\n", (1, "unknown_kind", "runtime_tool, data_movement")),
        (b"key: crm-lookup\nstate: retired\nruntime_tool: {}\n", (2, "state", "active, deprecated")),
        (b"key: crm-lookup\nstate: [active]\nruntime_tool: {}\n", (2, "state", "active, deprecated")),
    ],
)
def test_a_broken_or_hostile_file_is_refused_with_its_line(
    content: bytes, told: tuple[int, str, str], tmp_path: Path
) -> None:
    path = tmp_path / CRM
    path.parent.mkdir()
    path.write_bytes(content)
    fault = only(tmp_path)
    assert (fault.line, fault.code) == told[:2], fault
    assert told[2] in fault.message
    assert run("plan", tmp_path)[0] == 2


@pytest.mark.parametrize("value", ["1e999", "9" * 200, '"\\0"', "[" * 61 + "]" * 61])
def test_what_the_database_cannot_keep_is_refused(value: str, tmp_path: Path) -> None:
    # Written as null, what is past all numbers would be the same as what is registered.
    schema = {"type": "object", "properties": {"id": {"const": None}}}
    apply_connector(runtime_tool_document(changes={"facets.contract.operations.0.output_schema": schema}))
    export(tmp_path)
    replaced(tmp_path, CRM, "const: null", f"const: {value}")
    assert only(tmp_path).code in ("large_number", "nul_character", "not_json", "too_deep", "unreadable")


def test_nothing_outside_of_the_directory_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_bytes(file_of(kinds.get("runtime_tool"), runtime_tool_document(), "active"))
    root = tmp_path / "registry"
    (root / "connectors").mkdir(parents=True)
    (root / CRM).symlink_to(secret)
    (root / "metrics").symlink_to(tmp_path)
    (root / "connectors/dir.yaml").mkdir()
    (root / "connectors/sub").mkdir()
    os.mkfifo(root / "connectors/pipe.yaml")
    (root / "connectors/other.yml").write_text("key: other")
    (root / "connector").mkdir()
    (root / "loose.yaml").write_text("")
    (root / "README.md").write_text("Of people.")
    (root / "connectors/README.md").write_text("Of people.")
    (root / ".git").mkdir()
    (root / "connectors/.crm-lookup.yaml.1234").write_text("left by a crash")
    faults = {step.path: step.faults[0].code for step in planned(root).steps}
    assert faults == {
        CRM: "no_file",
        "metrics": "no_directory",
        "connectors/dir.yaml": "no_file",
        "connectors/sub": "directory",
        "connectors/pipe.yaml": "no_file",
        "connectors/other.yml": "name",
        "connector": "no_collection",
        "loose.yaml": "name",
    }
    assert run("plan", tmp_path / "nowhere") == (2, "", f"{tmp_path}/nowhere: No such file or directory.")
    assert run("plan", secret)[0] == 2


def test_names_of_files_do_not_reach_the_terminal_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors/\x1b[2Jx\n.yaml").write_text("key: x\nruntime_tool: {}\n")
    _code, out, err = run("plan", tmp_path)
    assert "\x1b" not in out + err
    assert "connectors/�[2Jx�.yaml" in err


def test_too_many_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_FILES", 3)
    for number in range(5):
        write(tmp_path, runtime_tool_document(f"tool-{number}"))
    assert planned(tmp_path).steps[-1].faults[0].code == "too_many"


def test_a_retired_entry_is_for_people(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    export(tmp_path)
    Connector.objects.update(state=EntryState.RETIRED)
    replaced(tmp_path, CRM, "max_attempts: 3", "max_attempts: 5")
    code, out, _err = run("plan", tmp_path)
    assert code == 0
    assert f"{CRM}: runtime_tool crm-lookup is retired" in out
    assert export(tmp_path) == []


def test_the_kind_of_an_entry_is_fixed(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    write(tmp_path, data_movement_document("crm-lookup"), "data_movement")
    assert only(tmp_path).code == "kind_fixed"
    (step,) = planned(tmp_path, "data_movement").steps
    assert step.faults[0].code == "kind_fixed"


def test_what_stands_against_submitting_is_told_and_is_invalid_if_asked(tmp_path: Path) -> None:
    one_of("metric")
    export(tmp_path)
    replaced(tmp_path, "metrics/revenue_sar.yaml", "unit: SAR", "unit: USD")
    code, out, _err = run("plan", tmp_path)
    assert code == 1
    assert "stands against submitting it now: line" in out
    code, _out, err = run("plan", tmp_path, "--strict")
    assert code == 2
    assert "metrics/revenue_sar.yaml:" in err


def test_kinds_with_files_of_their_own_form_stay_there(tmp_path: Path) -> None:
    one_of("event_family")
    one_of("decision")
    assert run("export", tmp_path)[0] == 0
    assert not (tmp_path / "event-families").exists()
    _code, out, _err = run("plan", tmp_path)
    assert "1 event_family registered, no directory here; their files are those of `registry schemas`" in out
    assert run("export", tmp_path, "--kind", "event_family")[1] == "event-families/order-placed.yaml\n"
    (tmp_path / "event-families/order-placed.yaml").write_text("")
    assert run("export", tmp_path)[1] == "event-families/order-placed.yaml\n"


def test_unchanged_files_cost_no_query_of_their_own(tmp_path: Path) -> None:
    team("crm-team")
    for number in range(12):
        write(tmp_path, runtime_tool_document(f"tool-{number:02}"))
    few = len(planned(tmp_path).steps)
    assert few == 12
    with CaptureQueriesContext(
        connection,
    ) as created:
        planned(tmp_path, "runtime_tool")
    apply_connector(runtime_tool_document("tool-00"))
    with CaptureQueriesContext(connection) as one_less:
        planned(tmp_path, "runtime_tool")
    # What is to be created is checked; what is unchanged is not.
    assert len(one_less) < len(created)


def test_export_writes_only_what_it_owns(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document())
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "registry"
    root.mkdir()
    (root / "connectors").symlink_to(outside)
    assert run("export", root)[0] == 2
    assert not list(outside.iterdir())
    (root / "connectors").unlink()
    (root / "connectors").mkdir()
    (outside / "x.yaml").write_text("mine")
    (root / CRM).symlink_to(outside / "x.yaml")
    assert run("export", root)[0] == 2
    assert (outside / "x.yaml").read_text() == "mine"
    (root / CRM).unlink()
    assert run("export", root) == (0, f"{CRM}\n", "")
    assert [one.name for one in (root / "connectors").iterdir()] == ["crm-lookup.yaml"]


def test_prune_removes_files_of_retired_entries_alone(tmp_path: Path) -> None:
    for key in ("crm-lookup", "orders", "stock"):
        apply_connector(runtime_tool_document(key))
    export(tmp_path)
    write(tmp_path, runtime_tool_document("proposed"))
    (tmp_path / "connectors/README.md").write_text("Of people.")
    Connector.objects.filter(key="orders").update(state=EntryState.RETIRED)
    Connector.objects.filter(key="stock").update(state=EntryState.DEPRECATED)
    assert run("export", tmp_path)[1] == "connectors/stock.yaml\n"
    assert (tmp_path / "connectors/orders.yaml").exists()
    assert run("export", tmp_path, "--prune")[1] == "removed: connectors/orders.yaml\n"
    left = sorted(one.name for one in (tmp_path / "connectors").iterdir())
    assert left == ["README.md", "crm-lookup.yaml", "proposed.yaml", "stock.yaml"]
