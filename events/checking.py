"""Judging the files of a repository, without a database: sound, unchanged where they are locked, and no silent drift."""

from typing import Any

from events.documents import SchemaSerializer, breaks_openly
from events.explaining import explained, hurting
from events.family_document import FamilySerializer
from events.files import Fault, Tree, digest
from events.schemas import Mode, Unresolved, bundled, judge, problems_of, validator_of
from portal.registry.documents import flatten

FAMILY_DEFAULTS: dict[str, Any] = {"description_ar": "", "producers": [], "consumers": []}


def faults_of(tree: Tree) -> list[Fault]:
    """Everything that is wrong, file by file."""
    found = [*tree.faults, *_lock_faults(tree)]
    for key, document in sorted(tree.families.items()):
        found += _invalid(f"{key}/family.json", FamilySerializer(data=document))
    for family in sorted({name for name, _number in tree.versions}):
        found += _family_faults(tree, family)
    return found


def _lock_faults(tree: Tree) -> list[Fault]:
    found = []
    for name, held in sorted(tree.lock.items()):
        family, _slash, number = name.rpartition("/")
        document = tree.versions.get((family, number))
        if document is None:
            found.append(Fault(f"{name}.json", "It is locked and is not there: a registered version stays.", "gone"))
        elif digest(document["schema"]) != held:
            found.append(Fault(f"{name}.json", "It is locked and was changed: register the next version.", "changed"))
    return found


def _invalid(path: str, serializer: Any) -> list[Fault]:
    if serializer.is_valid():
        return []
    return [Fault(path, f"{one.path}: {one.message}", one.code) for one in flatten(serializer.errors)]


def _family_faults(tree: Tree, family: str) -> list[Fault]:
    document = tree.families.get(family)
    versions = tree.of(family)
    found = []
    if document is None:
        return [Fault(f"{family}/family.json", "The family's own document is missing.", "no_family")]
    mode = document.get("compatibility")
    if mode not in list(Mode):
        return []
    line: list[dict[str, Any]] = []
    for one in versions:
        path = f"{family}/{one['number']}.json"
        wrong = [Fault(path, f"{p.path or '#'}: {p.message}", p.code) for p in problems_of(one["schema"], tree.lookup)]
        wrong += [] if wrong else _invalid(path, SchemaSerializer(data=one))
        found += wrong
        if wrong:
            continue
        if breaks_openly(one, [before["number"] for before in line]):
            line = []
        elif not one.get("waiver_reason"):
            found += _drift(tree, one, line, Mode(mode), path)
        found += _example_faults(tree, one, path)
        line.append(one)
    return found


def _drift(tree: Tree, document: dict[str, Any], line: list[dict[str, Any]], mode: Mode, path: str) -> list[Fault]:
    try:
        new = bundled(document["schema"], tree.lookup)
        earlier = [(one["number"], bundled(one["schema"], tree.lookup)) for one in line]
    except Unresolved as error:
        return [Fault(path, str(error), "dangling")]
    against = judge(new, earlier, mode).against
    return [
        Fault(path, explained(mode, one, hurting(one, dict(earlier)[one.version], new)), "incompatible")
        for one in against
    ]


def _example_faults(tree: Tree, document: dict[str, Any], path: str) -> list[Fault]:
    validator = validator_of(bundled(document["schema"], tree.lookup))
    return [
        Fault(path, f"The example “{one['name']}” should be {'accepted' if one['valid'] else 'refused'}.", "example")
        for one in document.get("examples") or []
        if validator.is_valid(one["event"]) != one["valid"]
    ]
