"""Families and versions as files: exact inverses, a lock that only grows, drift found without and with a database."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events import exchange, files
from events.checking import faults_of
from events.models import EventFamily, EventSchema
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from tests.events.registering import SCHEMA, changed, family, family_document, schema_document, signed, version
from tests.events.test_registry import with_field, without
from tests.people import actor, team

pytestmark = pytest.mark.django_db


def put(root: Path, name: str, value: Any) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files of one family with two versions, written by hand."""
    about = {name: part for name, part in schema_document().items() if name not in files._TOLD_BY_PLACE}
    put(tmp_path, "order-placed/family.json", {k: v for k, v in family_document().items() if k != "key"})
    put(tmp_path, "order-placed/1.0.0.json", SCHEMA)
    put(tmp_path, "order-placed/1.0.0.about.json", about)
    put(tmp_path, "order-placed/1.1.0.json", with_field())
    put(tmp_path, "order-placed/1.1.0.about.json", about | {"name": "Order placed 1.1.0"})
    return tmp_path


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("registry", "schemas", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def codes(root: Path) -> dict[str, str]:
    return {fault.code: f"{fault.path}: {fault.message}" for fault in faults_of(files.read(root))}


def test_sound_files_pass(tree: Path) -> None:
    assert codes(tree) == {}
    assert "2 versions of 1 families are sound" in run("check", str(tree))


def test_export_and_export_again_are_the_same_bytes_and_import_finds_nothing_to_do(tmp_path: Path) -> None:
    family()
    version(examples=[{"name": "A plain order", "valid": True, "event": {"order_id": "1"}}])
    version("1.1.0", with_field())
    first = exchange.export(tmp_path)
    assert first == sorted([
        "lock.json", "order-placed/1.0.0.about.json", "order-placed/1.0.0.json", "order-placed/1.1.0.about.json",
        "order-placed/1.1.0.json", "order-placed/family.json"])  # fmt: skip
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert exchange.export(tmp_path) == []
    read = files.read(tmp_path)
    assert faults_of(read) == []
    assert exchange.drift(read) == []
    assert exchange.open_changes(actor=actor("amal"), tree=read, now=database_now()) == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
    assert json.loads((tmp_path / "order-placed/1.0.0.json").read_text()) == SCHEMA, "the schema stands alone"


def test_what_the_files_say_becomes_changes_and_once_signed_the_two_agree(tree: Path) -> None:
    team("crm-team")
    opened = exchange.open_changes(actor=actor("amal"), tree=files.read(tree), now=database_now())
    assert [one.change.kind for one in opened if one.change] == ["event_family", "event_schema", "event_schema"]
    assert not EventFamily.objects.exists(), "nothing is written around the approvals"
    again = exchange.open_changes(actor=actor("amal"), tree=files.read(tree), now=database_now())
    assert {one.note for one in again} == {"is open already"}
    assert ChangeRequest.objects.count() == 3
    for document in (files.read(tree).families["order-placed"], *files.read(tree).of("order-placed")):
        signed(changed(document))
    assert exchange.drift(files.read(tree)) == []
    assert EventSchema.objects.count() == 2
    files_before = sorted(path.name for path in tree.rglob("*.json"))
    exchange.export(tree)
    assert sorted(path.name for path in tree.rglob("*.json")) == sorted([*files_before, "lock.json"])
    assert exchange.drift(files.read(tree)) == []


def test_drift_is_told_and_fails_a_build(tree: Path) -> None:
    family()
    version("1.0.0", without("state"))
    told = {(one.path, one.how) for one in exchange.drift(files.read(tree))}
    assert ("order-placed/1.0.0.json", "differs") in told
    assert ("order-placed/1.1.0.json", "only_in_files") in told
    with pytest.raises(CommandError) as failed:
        run("drift", str(tree))
    assert failed.value.returncode == 1


def test_a_silent_break_fails_the_check_with_the_explanation(tree: Path) -> None:
    put(tree, "order-placed/1.1.0.json", without("state"))
    told = codes(tree)
    assert "BACKWARD is broken: this version cannot read every event of 1.0.0" in told["incompatible"]
    assert "/properties/state" in told["incompatible"]
    with pytest.raises(CommandError) as failed:
        run("check", str(tree))
    assert failed.value.returncode == 1


def test_the_lock_only_grows(tree: Path) -> None:
    put(tree, "lock.json", {"order-placed/1.0.0": files.digest(SCHEMA), "order-placed/0.9.0": "x"})
    assert "0.9.0" in codes(tree)["gone"]
    put(tree, "lock.json", {"order-placed/1.0.0": files.digest(SCHEMA)})
    assert codes(tree) == {}
    put(tree, "order-placed/1.0.0.json", with_field("other"))
    assert "register the next version" in codes(tree)["changed"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("order-placed/1.2.0.json", "{not json", "not_json"),
        ("order-placed/latest.json", {}, "name"),
        ("Order Placed/1.0.0.json", {}, "name"),
        ("nobody/1.0.0.json", SCHEMA, "no_family"),
        ("order-placed/1.2.0.json", {"type": "string"}, "not_an_event"),
        ("order-placed/family.json", {"compatibility": "SOMEHOW"}, "invalid_choice"),
        ("order-placed/1.2.0.json", " " * (files.MAX_BYTES + 1), "not_json"),
    ],
)
def test_what_is_wrong_is_said_with_its_file(tree: Path, name: str, content: Any, code: str) -> None:
    put(tree, name, content)
    assert code in codes(tree), codes(tree)


def test_a_link_that_leads_out_of_the_directory_is_not_followed(tree: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "9.0.0.json"
    outside.write_text("{}")
    (tree / "order-placed" / "9.0.0.json").symlink_to(outside)
    assert "leads out" in codes(tree)["outside"]


def test_an_import_needs_somebody_and_a_directory(tree: Path) -> None:
    with pytest.raises(CommandError) as nobody:
        run("import", str(tree))
    assert nobody.value.returncode == 2
    with pytest.raises(CommandError) as nowhere:
        run("check", str(tree / "nowhere"))
    assert nowhere.value.returncode == 1
    team("crm-team")
    actor("amal")
    assert "CHG-" in run("import", str(tree), "--as", "amal")
