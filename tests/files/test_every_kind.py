"""One mechanism for the entries of every kind: export and plan are inverse, whatever a document holds."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from portal.files import applying
from portal.files.applying import Asked
from portal.files.layout import file_of, name_of
from portal.files.planning import Action
from portal.operations.services import database_now
from portal.registry import kinds
from portal.registry.documents import canonical
from portal.registry.models import EntryState
from tests.doors.stage import DOCUMENTS, TABLES
from tests.files.stands import export, held, one_of, planned, signed
from tests.people import actor, team
from tests.registering import EVIDENCE

pytestmark = pytest.mark.django_db
KINDS = sorted(DOCUMENTS)
TEXTS = some.text(min_size=1, max_size=200).filter(lambda text: text.strip() and "\x00" not in text)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_plans_nothing_and_is_exported_the_same(kind: str, tmp_path: Path) -> None:
    entry = one_of(kind)
    name = name_of(kinds.get(kind), entry.key)
    assert name in export(tmp_path)
    made = planned(tmp_path)
    assert {step.action for step in made.steps} == {Action.UNCHANGED}, made
    assert not made.missing
    before = held(tmp_path)
    assert export(tmp_path) == []
    assert held(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_applied_and_signed_is_exported_as_it_was(kind: str, tmp_path: Path) -> None:
    entry = one_of(kind)
    by = actor("adam" if kind in TABLES else "amal")
    wanted = entry.document | {"description": "غيّرها ملف.\nA file changed it: on, 1e5, # no comment.\n".strip()}
    path = tmp_path / name_of(kinds.get(kind), entry.key)
    path.parent.mkdir()
    path.write_bytes(file_of(kinds.get(kind), wanted, "active"))
    written = path.read_bytes()

    made = planned(tmp_path, kind)
    (step,) = made.steps
    assert (step.action, step.base_version) == (Action.CHANGE, 1)
    assert [part.path for part in step.differences] == ["description"]
    (opened,) = applying.apply(actor=by, made=made, asked=Asked(submit=True, evidence=EVIDENCE), now=database_now())
    assert not opened.refused, opened.note
    assert opened.change is not None
    if opened.change.state != "applied":
        signed(opened.change)
    assert kinds.get(kind).entries().get(key=entry.key).version == 2
    assert [one.action for one in planned(tmp_path, kind).steps] == [Action.UNCHANGED]
    assert export(tmp_path, kind) == []
    path.unlink()
    export(tmp_path, kind)
    assert path.read_bytes() == written


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where texts stand in a document."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, inner in enumerate(value) for leaf in leaves(inner, (*path, number))]
    return [path] if isinstance(value, str) else []


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_its_texts_say_a_document_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    team("crm-team")
    known = kinds.get(kind)
    document = known.check(DOCUMENTS[kind]())[0]
    places = leaves(document)
    directory = tmp_path / known.collection
    directory.mkdir()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(some.lists(some.tuples(some.sampled_from(places), TEXTS), max_size=6))
    def holds(changed: list[tuple[tuple[Any, ...], str]]) -> None:
        made = deepcopy(document)
        for place, text in changed:
            node: Any = made
            for step in place[:-1]:
                node = node[step]
            node[place[-1]] = text
        made["key"] = document["key"]
        clean, problems = known.check(made)
        (directory / f"{made['key']}.yaml").write_bytes(file_of(known, clean, "active"))
        (step,) = planned(tmp_path, kind).steps
        if problems:
            # The file says what the document said: the same things are wrong with it, each with its line.
            assert step.action is Action.INVALID
            assert {fault.field for fault in step.faults} >= {one.path for one in problems[:1]}
            assert all(fault.line for fault in step.faults)
        else:
            assert step.action is Action.CREATE, step
            assert canonical(step.document) == canonical(clean)

    holds()


@pytest.mark.parametrize("kind", [one for one in KINDS if EntryState.DEPRECATED in kinds.get(one).states])
def test_a_deprecated_entry_says_so_in_its_file(kind: str, tmp_path: Path) -> None:
    entry = one_of(kind)
    name = name_of(kinds.get(kind), entry.key)
    kinds.get(kind).entries().filter(pk=entry.pk).update(state=EntryState.DEPRECATED)
    export(tmp_path, kind)
    lines = (tmp_path / name).read_text().splitlines()
    assert lines[1] == "state: deprecated"
    assert [one.action for one in planned(tmp_path, kind).steps] == [Action.UNCHANGED]
    (tmp_path / name).write_text("\n".join([lines[0], *lines[2:], ""]))
    (step,) = planned(tmp_path, kind).steps
    assert [(part.path, part.old, part.new) for part in step.differences] == [("state", "deprecated", "active")]
