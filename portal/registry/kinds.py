"""Kinds of entry. An app registers its kinds; everything generic finds them here.

Adding a kind touches one app: a model, a serializer, a form layout, a migration, rules and tests.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from portal.people.actors import Actor
from portal.people.models import Team
from portal.refusals import Missing, Problem
from portal.registry.documents import Document, EntrySerializer, bounds_problem, flatten
from portal.registry.models import Entry, EntryState
from portal.registry.past import versions_at
from portal.registry.rules import Floor
from portal.roles import Permission

Text = str | Promise


@dataclass(frozen=True)
class Section:
    """One section of the form: the document paths it shows, in order. A facet is a section of its own."""

    anchor: str
    title: Text
    paths: tuple[str, ...]
    intro: Text = ""
    facet: bool = False


@dataclass(frozen=True)
class Column:
    """One column of the list page: `cell` draws it for a row and the instant of the page, `sort` is the filter's ordering name.

    `needs` names what the cell reads beside the entry's own columns, as expressions that the database builds: a list never
    loads whole documents.
    """

    name: str
    title: Text
    cell: Callable[[Any, datetime], SafeString]
    sort: str = ""
    needs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Completeness:
    """Which of the mandatory facets are filled."""

    filled: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many facets there are."""
        return len(self.filled) + len(self.missing)


def _nothing_to_show(entry: Any, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Tab:
    """A tab of the page of an entry, of this kind alone: its template, and what it shows, by the query of the address.

    The context also holds what every tab has: kind, entry, may_propose.
    """

    name: str
    title: Text
    template: str
    context: Callable[[Any, Mapping[str, str], datetime], dict[str, Any]] = _nothing_to_show


def _no_floor(document: Document) -> Floor:
    return Floor()


@dataclass(frozen=True)
class Impact:
    """Somebody or something that a change is felt by, in words."""

    what: Text
    who: Text
    address: str = ""


def _no_impact(key: str, before: Document | None, after: Document) -> list[Impact]:
    return []


def _nothing_against(entry: Any) -> list[Problem]:
    return []


def _nothing_against_state(entry: Any, document: Document, state: str) -> list[Problem]:
    return []


def _nothing_to_tell(entry: Any, document: Document, state: str, now: datetime) -> list[str]:
    return []


def _nothing_compared(before: Document, after: Document) -> dict[str, Any]:
    return {}


def _no_advice(document: Document) -> list[str]:
    return []


def _nothing_yet(asked: Mapping[str, str]) -> Document:
    return {}


def _nothing_touched(before: Document | None, after: Document) -> frozenset[str]:
    return frozenset()


def _nothing_more(entry: Any, actor: Actor, now: datetime) -> None:
    return None


def _no_transition_problems(before: Document | None, after: Document) -> list[Problem]:
    return []


@dataclass(frozen=True)
class Kind:
    """Everything generic code must know of one kind of entry."""

    name: str
    model: type[Entry]
    serializer: type[EntrySerializer]
    label: Text
    label_plural: Text
    purpose: Text
    collection: str
    pages: str
    prefix: str
    filterset: type[Any]
    sections: tuple[Section, ...]
    columns: tuple[Column, ...] = ()
    facets: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    floor: Callable[[Document], Floor] = _no_floor
    transition_problems: Callable[[Document | None, Document], list[Problem]] = _no_transition_problems
    # What stands against retiring an entry.
    retiring_problems: Callable[[Any], list[Problem]] = _nothing_against
    # What stands against a document together with the state it is brought into; the entry is None for a registration.
    state_problems: Callable[[Any, Document, str], list[Problem]] = _nothing_against_state
    # What reviewers of that step should know; it stands against nothing.
    state_told: Callable[[Any, Document, str, datetime], list[str]] = _nothing_to_tell
    # What the page that compares two versions says above their fields.
    compared_template: str = ""
    compared: Callable[[Document, Document], dict[str, Any]] = _nothing_compared
    summary: Mapping[str, Any] = field(default_factory=dict)
    detail_template: str = ""
    # What the Summary tab shows beside the entry, and further tabs after it.
    detail: Callable[[Any, Mapping[str, str], datetime], dict[str, Any]] = _nothing_to_show
    tabs: tuple[Tab, ...] = ()
    # Further buttons in the head of the page of an entry; a banner over its tabs. They see what `head` gives.
    actions_template: str = ""
    banner_template: str = ""
    head: Callable[[Any, Mapping[str, str], datetime], dict[str, Any]] = _nothing_to_show
    # Its summary takes the whole width: what else there is to say stands below.
    wide: bool = False
    # Below the table of its list: what may be done to several rows at once. And what CSV holds beside the common columns.
    bulk_template: str = ""
    exports: tuple[tuple[str, Callable[[Any], object]], ...] = ()
    other_kind_hint: Text = ""
    # The document that a new form opens with; it may heed the query of its address.
    blank: Callable[[Mapping[str, str]], Document] = _nothing_yet
    impact: Callable[[str, Document | None, Document], list[Impact]] = _no_impact
    touched: Callable[[Document | None, Document], frozenset[str]] = _nothing_touched
    # The same, where an entry is retired.
    retiring_touches: frozenset[str] = frozenset()
    # Help while writing, asked for by a button of the form: from the document as it is written and what was posted, the document
    # and what `assist_template` shows as `assist` in the section `assist_in`. It may take seconds; it may raise Refusal.
    assist: Callable[[Document, QueryDict, Actor, datetime], tuple[Document, dict[str, Any]]] | None = None
    assist_in: str = ""
    assist_template: str = ""
    # What an author should look at while writing; it stands against nothing.
    advice: Callable[[Document], list[str]] = _no_advice
    proposers: Permission = Permission.PROPOSE
    # Further pages of the kind: (label, name of the URL).
    links: tuple[tuple[Text, str], ...] = ()
    # Other beginnings than a blank form, where one is registered: (label, name of the URL).
    starts: tuple[tuple[Text, str], ...] = ()
    # What people have registered as it, for those who ask whether theirs is one.
    examples: Text = ""
    # What is in force while none is registered, where the portal has one of its own.
    built_in: Text = ""
    # There is one entry of this kind, ever.
    single: bool = False
    # The states that an entry may be brought into.
    states: frozenset[str] = frozenset(EntryState.values)
    # Where its entries are kept as files in a form of their own: the other form, if that is not the one of every kind.
    own_files: Text = ""
    # What else is written with the entry, in the transaction that applies the change; may raise Conflict.
    settle: Callable[[Any, Actor, datetime], None] = _nothing_more

    def entries(self) -> models.QuerySet[Any]:
        """The entries of this kind, and of no other, with their owner."""
        return self.model._default_manager.filter(**self.where).select_related("owner")

    def listed(self, moment: datetime | None = None) -> models.QuerySet[Any]:
        """The entries with what the columns of the list need, without their documents; as they stood at a moment, if given."""
        needs = {name: expression for column in self.columns for name, expression in column.needs.items()}
        rows = self.entries()
        if moment is not None:
            rows = versions_at(self.model, moment).filter(**self.where).select_related("owner")
        listed: models.QuerySet[Any] = rows.defer("document").annotate(**needs)
        return listed

    def check(self, document: Document, teams: Collection[str] | None = None) -> tuple[Document, list[Problem]]:
        """Validate a whole document: the normalised document, and every problem with its path.

        Whoever checks many of them looks the keys of the teams up once and hands them over.
        """
        bad = bounds_problem(document)
        if bad is not None:
            return document, [bad]
        serializer = self.serializer(data=document)
        try:
            serializer.is_valid(raise_exception=True)
        except ValidationError as error:
            return document, flatten(error.detail)
        clean: Document = serializer.to_representation(serializer.validated_data)
        known = Team.objects.filter(key=clean["owner"]).exists() if teams is None else clean["owner"] in teams
        if not known:
            keys = ", ".join(Team.objects.order_by("key").values_list("key", flat=True)[:20])
            message = _("There is no team “%(key)s”. Teams: %(known)s.") % {"key": clean["owner"], "known": keys}
            return document, [Problem("owner", message, "unknown_team")]
        return clean, []

    def completeness(self, problems: Iterable[Problem]) -> Completeness:
        """Which facets are free of problems, given what `check` found."""
        bad = {
            facet
            for problem in problems
            for facet in self.facets
            if problem.path in {f"facets.{facet}", "facets", ""} or problem.path.startswith(f"facets.{facet}.")
        }
        return Completeness(
            filled=tuple(facet for facet in self.facets if facet not in bad),
            missing=tuple(facet for facet in self.facets if facet in bad),
        )


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known. Called from an app's `ready()`; twice with the same name is a programming error."""
    if kind.name in _kinds:
        raise ValueError(f"The kind {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def all_kinds() -> list[Kind]:
    """Every kind, in the order of registration."""
    return list(_kinds.values())


def get(name: str) -> Kind:
    """The kind of this name; raises Missing with the known names otherwise."""
    try:
        return _kinds[name]
    except KeyError:
        known = ", ".join(_kinds)
        raise Missing("unknown_kind", f"There is no kind “{name}”. Known kinds: {known}.") from None


def in_collection(collection: str) -> list[Kind]:
    """The kinds that share an API collection."""
    return [kind for kind in _kinds.values() if kind.collection == collection]


def told_by(document: Mapping[str, Any], among: Sequence[Kind]) -> Kind | None:
    """The kind that a document is of: the only one of its collection, or the one whose part the document has."""
    if len(among) == 1:
        return among[0]
    return next((kind for kind in among if kind.name in document), None)


def any_entry() -> bool:
    """Whether anything is registered at all."""
    parts = [kind.entries().order_by().values("pk")[:1] for kind in all_kinds()]
    return bool(parts) and bool(list(parts[0].union(*parts[1:], all=True)[:1]))
