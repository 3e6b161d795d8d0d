"""What the files of a directory would change: each held against what is registered. Nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from portal.changes.merging import ABSENT, three_way
from portal.files import tree
from portal.files.layout import FILED, STATE, name_of
from portal.files.tree import EntryFile, Fault
from portal.json_bounds import too_large_a_number
from portal.people.models import Team
from portal.refusals import Problem
from portal.registry import kinds
from portal.registry.documents import Document, canonical, digest
from portal.registry.kinds import Kind
from portal.registry.models import EntryState


class Action(StrEnum):
    """What a file would do. Of a retired entry, nothing: bringing it back is for people."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    RETIRED = "retired"
    INVALID = "invalid"


@dataclass(frozen=True)
class Difference:
    """One field that differs; ABSENT where one side lacks it."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Step:
    """One file: what it would do, from which version, and what stands against submitting that as things are now."""

    path: str
    action: Action
    kind: Kind | None = None
    key: str = ""
    base_version: int = 0
    state: EntryState = EntryState.ACTIVE
    document: Document = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    against: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Registered:
    """An entry as the plan needs to know it, without its document."""

    kind: Kind
    key: str
    state: str
    version: int
    digest: str


@dataclass
class Plan:
    """All files, the registered entries that have none, and how many there are of collections without a directory."""

    steps: list[Step] = field(default_factory=list)
    missing: list[Registered] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)

    def of(self, *actions: Action) -> list[Step]:
        """The files that would do one of these."""
        return [one for one in self.steps if one.action in actions]

    @property
    def counts(self) -> dict[str, int]:
        """How many files would do what."""
        return {action.value: len(self.of(action)) for action in Action}


def chosen(names: Sequence[str]) -> list[Kind]:
    """The kinds of these names, or all where none is named. Raises Missing."""
    return [kinds.get(name) for name in names] if names else kinds.all_kinds()


def plan(root: Path, wanted: Sequence[Kind], *, named: bool = False, strict: bool = False) -> Plan:
    """Hold the files of these kinds against what is registered. Raises NoDirectory.

    `named` says that the kinds were asked for by name: entries without a file are then told of though their collection has no
    directory. Under `strict`, a file that could not be submitted as things are now is invalid.
    """
    registered = _registered(wanted)
    # In the order of the kinds, in which what others refer to comes first; a kind has at most one directory.
    teams = frozenset(Team.objects.values_list("key", flat=True))
    made, seen = Plan(), set()
    for one in tree.files_in(root, wanted):
        step = _fault_step(one) if isinstance(one, Fault) else _step(one, registered, teams, strict=strict)
        made.steps.append(step)
        if isinstance(one, EntryFile):
            seen.add((one.kind.collection, one.key))
    places = {kind.name: number for number, kind in enumerate(wanted)}
    made.steps.sort(key=lambda one: places.get(one.kind.name, len(places)) if one.kind else len(places))
    faulty = {one.path for one in made.of(Action.INVALID)}
    present = {kind.collection for kind in wanted} if named else set(tree.collections_in(root))
    for (collection, key), entry in registered.items():
        if entry.state not in FILED or (collection, key) in seen or name_of(entry.kind, key) in faulty:
            continue
        if collection in present:
            made.missing.append(entry)
        else:
            made.elsewhere[entry.kind.name] = made.elsewhere.get(entry.kind.name, 0) + 1
    return made


def _registered(wanted: Sequence[Kind]) -> dict[tuple[str, str], Registered]:
    """Every entry of these kinds by collection and key. In a collection of several kinds a key stands for one of them."""
    found = {}
    for kind in wanted:
        for key, state, version, held in _rows(kind):
            found[kind.collection, key] = Registered(kind, key, state, version, held)
    return found


def _rows(kind: Kind) -> Iterator[tuple[str, str, int, str]]:
    rows = kind.entries().select_related(None).order_by("key").values_list("key", "state", "version", "digest")
    yield from rows.iterator(chunk_size=2000)


def _fault_step(fault: Fault) -> Step:
    return Step(fault.path, Action.INVALID, faults=(fault,))


def _step(
    one: EntryFile, registered: Mapping[tuple[str, str], Registered], teams: frozenset[str], *, strict: bool
) -> Step:
    stands = registered.get((one.kind.collection, one.key))
    if stands is None:
        stands = _of_another_kind(one)
    if stands is not None and stands.kind is not one.kind:
        message = _("“%(key)s” is registered as a %(kind)s; the kind is fixed.")
        told = message % {"key": one.key, "kind": str(stands.kind.label).lower()}
        return _invalid(one, [Problem(one.kind.name, told, "kind_fixed")])
    if stands is not None and stands.state == EntryState.RETIRED:
        return Step(one.path, Action.RETIRED, one.kind, one.key, stands.version)
    if stands is not None and stands.state == one.state and stands.digest == _digest(one.document):
        # Word for word what is registered, which was checked when it came to be.
        return Step(one.path, Action.UNCHANGED, one.kind, one.key, stands.version, one.state)
    clean, problems = one.kind.check(one.document, teams)
    if problems:
        return _invalid(one, problems)
    return _compared(one, clean, stands, teams, strict=strict)


def _of_another_kind(one: EntryFile) -> Registered | None:
    """The entry of this key, where only another kind of the collection was asked for."""
    for kind in kinds.in_collection(one.kind.collection):
        if kind is not one.kind:
            row = kind.entries().filter(key=one.key[:60]).values_list("key", "state", "version", "digest").first()
            if row is not None:
                return Registered(kind, *row)
    return None


def _digest(document: Document) -> str:
    try:
        # What is past all numbers would be written as null.
        return "" if too_large_a_number(document) else digest(document)
    except (TypeError, ValueError):
        # Not to be kept, as the check will say.
        return ""


def _invalid(one: EntryFile, problems: Sequence[Problem]) -> Step:
    return Step(one.path, Action.INVALID, one.kind, one.key, faults=tuple(one.faults(problems)))


def _compared(
    one: EntryFile, clean: Document, stands: Registered | None, teams: frozenset[str], *, strict: bool
) -> Step:
    before: Document | None = None
    differences: list[Difference] = []
    if stands is not None:
        before = one.kind.entries().filter(key=one.key).values_list("document", flat=True).get()
        differences = _differences(before, clean)
        if differences and _may_be_of_later_fields(differences):
            # In the normal form of today: a field that came later does not make an older document differ.
            normal = one.kind.check(before, teams)[0]
            differences = [] if canonical(normal) == canonical(clean) else differences
        if stands.state != one.state:
            differences = [Difference(STATE, str(stands.state), one.state.value), *differences]
        if not differences:
            return Step(one.path, Action.UNCHANGED, one.kind, one.key, stands.version, one.state)
    problems = one.kind.transition_problems(before, clean)
    if problems and strict:
        return _invalid(one, problems)
    against = tuple(one.faults(problems))
    if stands is None:
        later = _("It comes into force first; applied again, it is deprecated.")
        note = later if one.state != EntryState.ACTIVE else ""
        return Step(one.path, Action.CREATE, one.kind, one.key, 0, EntryState.ACTIVE, clean, against=against, note=note)
    return Step(
        one.path, Action.CHANGE, one.kind, one.key, stands.version, one.state, clean, tuple(differences), against
    )


def _may_be_of_later_fields(differences: Sequence[Difference]) -> bool:
    """Whether nothing is plainly another value: then it is worth the time to look at the older document as one of today."""
    return not any(
        part.old is not ABSENT and part.new is not ABSENT and not isinstance(part.new, dict | list)
        for part in differences
    )


def _differences(before: Document, after: Document) -> list[Difference]:
    found = [Difference(part.path, part.base, part.proposed) for part in three_way(before, before, after)]
    if not found and canonical(before) != canonical(after):
        # 1 and true are the same to Python and not to JSON.
        return [
            Difference(name, before.get(name, ABSENT), after.get(name, ABSENT))
            for name in dict.fromkeys([*after, *before])
            if canonical({"": before.get(name)}) != canonical({"": after.get(name)})
        ]
    return found
