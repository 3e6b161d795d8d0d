"""The version rule of the domain, decided by comparing two contracts: how far the version must move, and why. Pure.

Beyond what the domain names, an external side effect that appears breaks callers like a write that appears, and an error they
never had to expect is something new to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext_lazy as _
from semver import Version

from portal.registry.documents import Document


class Bump(IntEnum):
    """How far a version moves."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def words(self) -> Any:
        """For people."""
        return _WORDS[self]

    @property
    def told(self) -> str:
        """For programs."""
        return self.name.lower()


_WORDS = {Bump.NONE: _("no"), Bump.PATCH: _("patch"), Bump.MINOR: _("minor"), Bump.MAJOR: _("major")}


@dataclass(frozen=True, order=True)
class Reason:
    """One thing that moves the version: how far, where in the document, and what."""

    level: Bump
    path: str
    message: str


def version_of(text: object) -> Version | None:
    """The semantic version, or None if it is not one."""
    try:
        return Version.parse(str(text))
    except (ValueError, TypeError):
        return None


def operations_of(document: Document) -> dict[str, Document]:
    """The operations of a contract by their names."""
    contract = (document.get("facets") or {}).get("contract") or {}
    return {operation["name"]: operation for operation in contract.get("operations") or []}


def reasons(before: Document, after: Document) -> list[Reason]:
    """Everything that moves the contract's version between two documents, the strongest first."""
    old, new = operations_of(before), operations_of(after)
    gone, come = _("operation %s is removed"), _("operation %s is new")
    found = [Reason(Bump.MAJOR, _path(name), str(gone % name)) for name in old.keys() - new.keys()]
    found += [Reason(Bump.MINOR, _path(name), str(come % name)) for name in new.keys() - old.keys()]
    for name in old.keys() & new.keys():
        found += _of_operation(name, old[name], new[name])
    for facet in {**before["facets"], **after["facets"]}:
        if facet not in ("version", "contract") and before["facets"].get(facet) != after["facets"].get(facet):
            found.append(Reason(Bump.PATCH, f"facets.{facet}", str(_("facet %s changed") % facet)))
    return sorted(found, key=lambda one: (-one.level, one.path, one.message))


def _path(name: str, *below: str) -> str:
    return ".".join([f"facets.contract.operations[{name}]", *below])


def _of_operation(name: str, old: Document, new: Document) -> Iterator[Reason]:
    if old["effect"] != new["effect"]:
        writes = new["effect"] == "write"
        words = _("operation %s turns from read into write") if writes else _("operation %s only reads now")
        yield Reason(Bump.MAJOR if writes else Bump.PATCH, _path(name, "effect"), str(words % name))
    if bool(old.get("external_side_effect")) != bool(new.get("external_side_effect")):
        felt = bool(new.get("external_side_effect"))
        words = _("operation %s is felt outside now") if felt else _("operation %s is not felt outside any more")
        yield Reason(Bump.MAJOR if felt else Bump.PATCH, _path(name, "external_side_effect"), str(words % name))
    yield from _of_schemas(name, old, new)
    yield from _of_errors(name, old.get("errors") or [], new.get("errors") or [])
    if old.get("description") != new.get("description"):
        yield Reason(Bump.PATCH, _path(name, "description"), str(_("operation %s is described anew") % name))


def _of_schemas(name: str, old: Document, new: Document) -> Iterator[Reason]:
    for side, breaks, more in (
        ("input_schema", _("operation %s refuses input that it accepted"), _("operation %s takes more than it did")),
        ("output_schema", _("operation %s answers in ways it did not"), _("operation %s answers less than it did")),
    ):
        before, after = old[side], new[side]
        if before == after:
            continue
        # Input may only grow, answers may only shrink.
        wider, narrower = (after, before) if side == "input_schema" else (before, after)
        if not covers(wider, narrower):
            yield Reason(Bump.MAJOR, _path(name, side), str(breaks % name))
        elif not covers(narrower, wider):
            yield Reason(Bump.MINOR, _path(name, side), str(more % name))
        else:
            yield Reason(Bump.PATCH, _path(name, side), str(_("operation %s says the same in other words") % name))


def _of_errors(name: str, old: list[Document], new: list[Document]) -> Iterator[Reason]:
    before, after = {one["code"]: one for one in old}, {one["code"]: one for one in new}
    for code in after.keys() - before.keys():
        words = _("operation %(name)s may fail with %(code)s, which it did not") % {"name": name, "code": code}
        yield Reason(Bump.MINOR, _path(name, f"errors[{code}]"), str(words))
    for code in before.keys() - after.keys():
        words = _("operation %(name)s does not fail with %(code)s any more") % {"name": name, "code": code}
        yield Reason(Bump.PATCH, _path(name, f"errors[{code}]"), str(words))
    for code in before.keys() & after.keys():
        if before[code] != after[code]:
            words = _("error %(code)s of operation %(name)s is described anew") % {"name": name, "code": code}
            yield Reason(Bump.PATCH, _path(name, f"errors[{code}]"), str(words))


def covers(wider: Any, narrower: Any) -> bool:
    """Whether every value of `narrower` is one of `wider`; what cannot be decided counts as no."""
    if wider == narrower:
        return True
    try:
        answer = jsonschema_rs.canonicalize(wider).covers(jsonschema_rs.canonicalize(narrower))
    except (ValueError, jsonschema_rs.canonical.CanonicalizationError, jsonschema_rs.ReferencingError):
        return False
    return answer is jsonschema_rs.canonical.Containment.YES


def needed(found: list[Reason]) -> Bump:
    """The strongest of the reasons."""
    return max((one.level for one in found), default=Bump.NONE)


def least(old: Version, bump: Bump) -> Version:
    """The lowest version without a pre-release that carries this bump from the old one.

    A pre-release has promised nothing yet but how far its release moves: within that, its successors are free.
    """
    core = Version(old.major, old.minor, old.patch)
    if old.prerelease and bump <= _promised(old):
        return core
    return {Bump.NONE: core, Bump.PATCH: core.bump_patch(), Bump.MINOR: core.bump_minor()}.get(bump, core.bump_major())


def _promised(version: Version) -> Bump:
    if version.patch:
        return Bump.PATCH
    return Bump.MINOR if version.minor else Bump.MAJOR


def moved(old: Version, new: Version) -> Bump:
    """How far a version went on: the number that changed. From a pre-release to its release it is that pre-release's move."""
    if (old.major, old.minor, old.patch) == (new.major, new.minor, new.patch):
        return _promised(new) if old.prerelease and new > old else Bump.NONE
    if old.major != new.major:
        return Bump.MAJOR
    return Bump.MINOR if old.minor != new.minor else Bump.PATCH


def enough(old: Version, new: Version, bump: Bump) -> bool:
    """Whether going from one version to the other carries this bump. A pre-release counts by the release that it is of."""
    if bump == Bump.NONE:
        return new >= old
    return new > old and Version(new.major, new.minor, new.patch) >= least(old, bump)
