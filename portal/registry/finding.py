"""Finding entries of every kind by key or name, in one statement however many kinds there are."""

from typing import Any

from django.db.models import BooleanField, Case, F, IntegerField, Q, QuerySet, Value, When

from portal.people.models import Team
from portal.registry import kinds
from portal.registry.kinds import Kind
from portal.registry.models import Entry


def found(query: str, *, most: int) -> tuple[Entry | None, list[tuple[Kind, list[Entry]]]]:
    """The entry of exactly this key, if there is one, and by kind those whose key or name holds the words, at most so many.

    The entries carry what a list of results shows (key, name, state, owner), and nothing else.
    """
    parts = [_part(number, kind, query, most) for number, kind in enumerate(kinds.all_kinds())]
    rows = parts[0].union(*parts[1:], all=True).order_by("-exact", "which", "name") if parts else []
    groups: dict[int, list[Entry]] = {}
    exact: Entry | None = None
    for row in rows:
        kind = kinds.all_kinds()[row["which"]]
        owner = Team(pk=row["owner_id"], key=row["owner_key"], name=row["owner_name"])
        known = {name: row[name] for name in ("id", "key", "name", "state")}
        entry: Any = kind.model(**known, **kind.where, owner=owner)
        groups.setdefault(row["which"], []).append(entry)
        if exact is None and row["exact"]:
            exact = entry
    return exact, [(kind, groups.get(number, [])) for number, kind in enumerate(kinds.all_kinds())]


def any_entry() -> bool:
    """Whether anything is registered at all."""
    parts = [kind.entries().order_by().values("pk")[:1] for kind in kinds.all_kinds()]
    return bool(parts) and bool(list(parts[0].union(*parts[1:], all=True)[:1]))


def _part(number: int, kind: Kind, query: str, most: int) -> QuerySet[Any, dict[str, Any]]:
    exact = Case(When(key=query.lower(), then=Value(True)), default=Value(False), output_field=BooleanField())
    rows: QuerySet[Any, dict[str, Any]] = (
        kind.entries()
        .filter(Q(key__icontains=query) | Q(name__icontains=query))
        .annotate(
            which=Value(number, output_field=IntegerField()),
            exact=exact,
            owner_key=F("owner__key"),
            owner_name=F("owner__name"),
        )
        .order_by("-exact", "name")
        .values("which", "exact", "id", "key", "name", "state", "owner_id", "owner_key", "owner_name")[:most]
    )
    return rows
