"""Finding: an exact id or key first, then what begins with the words, then what holds them.

One statement over all tables, however many there are, and a second one over those that have little that begins with the words.
Each part reads an index and stops after a few rows: of a word that is everywhere, some of its rows are as good as others.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from portal.registry import kinds
from portal.registry.kinds import Kind
from portal.registry.twins import arabic_page, local, local_name_sql
from portal.search.sources import Source, all_sources
from portal.search.words import SHORTEST

LONGEST = 120
# So many rows of a table are looked at, of which the best are shown.
LOOKED_AT = 20
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
    values = {
        "asked": asked,
        "begins": f"{_escaped(asked)}%",
        "holds": [f"%{_escaped(word)}%" for word in asked.split()],
        "arabic": arabic_page(),
    }
    rows = _asked_of(_beginning(), values)
    if any(len(word) >= SHORTEST for word in asked.split()):
        # A table that has enough of what begins with the words is not looked through for what holds them.
        many = Counter(row.source for row in rows)
        rows += _asked_of(_holding(frozenset(name for name in _tables() if many[name] < most)), values)
    # What is shown is made of rows; of the rest not even that.
    best: dict[str, dict[int, _Row]] = {}
    for row in sorted(rows, key=lambda row: (row.rank, row.title.lower(), row.pk)):
        if len(group := best.setdefault(row.kind or row.source, {})) < most:
            group.setdefault(row.pk, row)
        if row.rank == _EXACT and exact is None:
            exact = _found(row)
    order: list[tuple[str, str | Promise]] = [(kind.name, kind.label_plural) for kind in kinds.all_kinds()]
    order += [(source.name, source.label) for source in all_sources()]
    groups = (Group(name, label, tuple(map(_found, best[name].values()))) for name, label in order if name in best)
    return Results(exact, tuple(groups))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the statement."""

    source: str
    kind: str
    pk: int
    key: str
    title: str
    state: str
    owner: str
    rank: int


def _found(row: _Row) -> Found:
    if row.kind:
        return _entry(row.kind, row.pk, row.key, row.title, row.state, row.owner)
    return _other(_source(row.source), row.pk, row.key, row.title, row.state)


def _by_id(asked: str) -> Found | None:
    """The thing of this id, as CHG-12 or RT-007."""
    told = _ID.fullmatch(asked)
    if told is None:
        return None
    prefix, pk = told[1].upper(), int(told[2])
    for kind in kinds.all_kinds():
        if kind.prefix == prefix:
            row = kind.entries().filter(pk=pk).values_list("key", "name", "name_ar", "state", "owner__name").first()
            found = _entry(kind.name, pk, row[0], local(row[1], row[2]), *row[3:]) if row else None
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


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _asked_of(statement: str, values: dict[str, Any]) -> list[_Row]:
    if not statement:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_Row(*told) for told in cursor.fetchall()]


@dataclass(frozen=True)
class _Table:
    """A table as SQL: its rows as `_Row` has them without rank, its words, the column they begin in, whether it has keys."""

    head: str
    table: str
    text: str
    word: str
    keyed: bool

    def rows(self, rank: int, where: str, order: str = "") -> str:
        return f"({self.head}, {rank} AS rank FROM {self.table} WHERE {where} {order} LIMIT {LOOKED_AT})"


@cache
def _tables() -> dict[str, _Table]:
    """Every table that is searched, by the name of its first kind or of its source."""
    found: dict[str, _Table] = {}
    for model in dict.fromkeys(kind.model for kind in kinds.all_kinds()):
        these = [kind for kind in kinds.all_kinds() if kind.model is model]
        head = f"SELECT '{these[0].name}' AS source, {_kind_of(these)} AS kind, id, key, {local_name_sql()} AS title"
        found[these[0].name] = _Table(
            f"{head}, state, owner_id",
            model._meta.db_table,
            "(key || ' ' || name || ' ' || name_ar)",
            "name",
            keyed=True,
        )
    for source in all_sources():
        if source.word:
            key, text = (source.key, f"({source.key} || ' ' || {source.word})") if source.key else ("''", source.word)
            head = (
                f"SELECT '{source.name}' AS source, '' AS kind, id, {key} AS key, {source.word} AS title, "
                f"{source.state} AS state, NULL::bigint AS owner_id"
            )
            found[source.name] = _Table(head, source.model._meta.db_table, text, source.word, keyed=False)
    return found


def _kind_of(these: list[Kind]) -> str:
    """The name of the kind of a row, as SQL."""
    if len(these) == 1:
        return f"'{these[0].name}'"
    (column,) = these[0].where
    return f"{column}::text"


@cache
def _beginning() -> str:
    """What has this key, or begins with the words; made of names of tables and columns alone."""
    parts: list[str] = []
    for one in _tables().values():
        begins = f"search_text({one.word}) LIKE search_text(%(begins)s)"
        parts.append(one.rows(_BEGINS, begins, f"ORDER BY search_text({one.word}) USING ~<~"))
        if one.keyed:
            parts.append(one.rows(_EXACT, "key = %(asked)s"))
            parts.append(one.rows(_BEGINS, "key LIKE %(begins)s", "ORDER BY key USING ~<~"))
    return _statement(parts)


@cache
def _holding(names: frozenset[str]) -> str:
    """What holds the words somewhere, in these tables."""
    return _statement([
        one.rows(_HOLDS, f"search_grams({one.text}) @> search_keys(%(asked)s) AND search_text({one.text}) LIKE ALL "
                 "(SELECT search_text(one) FROM unnest(%(holds)s::text[]) AS one)")
        for name, one in _tables().items() if name in names
    ])  # fmt: skip


def _statement(parts: list[str]) -> str:
    if not parts:
        return ""
    return (
        f"SELECT source, kind, found.id, found.key, title, state, coalesce(team.name, ''), rank "
        f"FROM ({' UNION ALL '.join(parts)}) AS found LEFT JOIN people_team AS team ON team.id = owner_id"
    )
