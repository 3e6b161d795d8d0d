"""Finding: an exact id or key first, then what begins with the words, then what holds them.

One statement over all tables, however many there are. Each of its parts reads an index and stops after a few rows, so that it
costs the same at a hundred thousand rows: of a word that is everywhere, some of its rows are as good as others.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from portal.registry import kinds
from portal.registry.kinds import Kind
from portal.search.sources import Source, all_sources
from portal.search.words import SHORTEST

LONGEST = 120
# So many rows of a table are looked at, of which the best are shown.
LOOKED_AT = 40
_ID = re.compile(r"([a-z]+)-0*([0-9]{1,17})")
_EXACT, _BEGINS, _HOLDS = 0, 1, 2


@dataclass(frozen=True)
class Found:
    """One thing that was found. `kind` is the name of the kind of an entry, empty for anything else."""

    kind: str
    human_id: str
    title: str
    state: str
    owner: str
    address: str
    kind_label: str | Promise = ""


@dataclass(frozen=True)
class Group:
    """What was found of one sort."""

    name: str
    label: str | Promise
    found: tuple[Found, ...]


@dataclass(frozen=True)
class Results:
    """All that was found: what the words name exactly, if they do, and the rest by sort."""

    exact: Found | None
    groups: tuple[Group, ...]


def find(words: str, *, most: int) -> Results:
    """What the words name or hold: of each sort at most so many."""
    asked = " ".join(words.split())[:LONGEST].lower()
    if not asked:
        return Results(None, ())
    exact = _by_id(asked)
    with connection.cursor() as cursor:
        cursor.execute(_statement(_has_grams(asked)), {
            "asked": asked, "begins": f"{_escaped(asked)}%", "holds": [f"%{_escaped(word)}%" for word in asked.split()],
        })  # fmt: skip
        rows = cursor.fetchall()
    seen: dict[str, dict[int, Found]] = {}
    for table, kind, pk, key, title, state, owner, rank in sorted(
        rows, key=lambda row: (row[7], str(row[4]).lower(), row[2])
    ):
        found = _entry(kind, pk, key, title, state, owner) if kind else _other(_source(table), pk, key, title, state)
        if rank == _EXACT and exact is None:
            exact = found
        seen.setdefault(kind or table, {}).setdefault(pk, found)
    order: list[tuple[str, str | Promise]] = [(kind.name, kind.label_plural) for kind in kinds.all_kinds()]
    order += [(source.name, source.label) for source in all_sources()]
    groups = (Group(name, label, tuple(seen[name].values())[:most]) for name, label in order if name in seen)
    return Results(exact, tuple(groups))


def _by_id(asked: str) -> Found | None:
    """The thing of this id, as CHG-12 or RT-007."""
    told = _ID.fullmatch(asked)
    if told is None:
        return None
    prefix, pk = told[1].upper(), int(told[2])
    for kind in kinds.all_kinds():
        if kind.prefix == prefix:
            row = kind.entries().filter(pk=pk).values_list("key", "name", "state", "owner__name").first()
            found = _entry(kind.name, pk, *row) if row else None
            # The ids of some kinds are their keys, and say nothing of the row.
            return found if found and found.human_id == f"{prefix}-{pk:03d}" else None
    for source in all_sources():
        if source.prefix == prefix:
            one: Any = source.model._default_manager.filter(pk=pk).first()
            return _told(source, one) if one is not None else None
    return None


def _entry(name: str, pk: int, key: str, title: str, state: str, owner: str) -> Found:
    kind = kinds.get(name)
    known: dict[str, Any] = {"pk": pk, "key": key, "name": title, **kind.where}
    entry: Any = kind.model(**known)
    return Found(name, entry.human_id, title, state, owner, entry.get_absolute_url(), kind.label)


def _other(source: Source, pk: int, key: str, title: str, state: str) -> Found:
    values = {source.word: title, source.state: state} | ({source.key: key} if source.key else {})
    return _told(source, source.model(pk=pk, **values))


def _told(source: Source, one: Any) -> Found:
    return Found("", one.human_id, source.title(one), getattr(one, source.state), "", one.get_absolute_url())


def _source(name: str) -> Source:
    return next(source for source in all_sources() if source.name == name)


def _has_grams(asked: str) -> bool:
    return any(len(word) >= SHORTEST for word in asked.split())


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


@cache
def _statement(with_grams: bool) -> str:
    """The statement; made of names of tables and columns alone, and the same for every search."""
    parts: list[str] = []
    for model in dict.fromkeys(kind.model for kind in kinds.all_kinds()):
        these = [kind for kind in kinds.all_kinds() if kind.model is model]
        parts += _parts(
            these[0].name, _kind_of(these), model._meta.db_table, "name", "key", "state", "owner_id", with_grams
        )
    for source in all_sources():
        if source.word:
            parts += _parts(source.name, "''", source.model._meta.db_table, source.word, source.key, source.state,
                            "NULL::bigint", with_grams)  # fmt: skip
    return (
        "SELECT source, kind, found.id, found.key, title, state, coalesce(team.name, ''), rank FROM ("
        + " UNION ALL ".join(f"({part})" for part in parts)
        + ") AS found LEFT JOIN people_team AS team ON team.id = owner_id"
    )


def _kind_of(these: list[Kind]) -> str:
    """The name of the kind of a row, as SQL."""
    if len(these) == 1:
        return f"'{these[0].name}'"
    (column,) = these[0].where
    return f"{column}::text"


def _parts(
    source: str, kind: str, table: str, word: str, key: str, state: str, owner: str, with_grams: bool
) -> list[str]:
    text = f"({key} || ' ' || {word})" if key else word
    head = (
        f"SELECT '{source}' AS source, {kind} AS kind, id, {key or chr(39) * 2} AS key, {word} AS title, {state} AS state, "
        f"{owner} AS owner_id"
    )
    parts = [
        f"{head}, {_BEGINS} AS rank FROM {table} WHERE search_text({word}) LIKE search_text(%(begins)s) "
        f"ORDER BY search_text({word}) USING ~<~ LIMIT {LOOKED_AT}"
    ]
    if kind != "''":
        parts.insert(0, f"{head}, {_EXACT} AS rank FROM {table} WHERE key = %(asked)s")
        parts.append(
            f"{head}, {_BEGINS} AS rank FROM {table} WHERE key LIKE %(begins)s ORDER BY key USING ~<~ LIMIT {LOOKED_AT}"
        )
    if with_grams:
        parts.append(
            f"{head}, {_HOLDS} AS rank FROM {table} WHERE search_grams({text}) @> search_grams(%(asked)s) "
            f"AND search_text({text}) LIKE ALL (SELECT search_text(one) FROM unnest(%(holds)s::text[]) AS one) "
            f"LIMIT {LOOKED_AT}"
        )
    return parts
