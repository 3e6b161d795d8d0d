"""What differs between two schemas, in plain sentences with JSON pointers, and whom it may break.

A structural account, for people: the verdict itself is `containment`'s. `hurts` says which direction a difference may break when
nothing else makes up for it: backward (the new version cannot read old events) or forward (the old cannot read new ones).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from events.schemas.modes import Direction
from events.schemas.walking import Schema, at, escaped
from events.schemas.wording import ALL_TYPES, BOUNDS, field_of, in_words, short

BACKWARD, FORWARD = Direction.BACKWARD, Direction.FORWARD
BOTH = (BACKWARD, FORWARD)
MOST = 200
MAX_DEPTH = 30
_TELLS_NOTHING = ("$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
                  "writeOnly", "format", "contentEncoding", "contentMediaType", "contentSchema")  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One difference: where, what, the two sides of it, and which directions it may break."""

    pointer: str
    keyword: str
    sentence: str
    hurts: tuple[Direction, ...] = ()
    old: Any = None
    new: Any = None


def differences(old: Schema, new: Schema) -> list[Difference]:
    """What differs, the outermost first, at most `MOST`. Both are bundled."""
    found: list[Difference] = []
    for one in _Comparison(old, new).compare(old, new, "", 0):
        found.append(one)
        if len(found) >= MOST:
            break
    return found


def _types(schema: Any) -> frozenset[str]:
    if not isinstance(schema, dict) or "type" not in schema:
        return ALL_TYPES
    named = schema["type"]
    found = {named} if isinstance(named, str) else set(named)
    return frozenset(found | {"integer"} if "number" in found else found)


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self.roots = (old, new)
        self.seen: set[tuple[str, str]] = set()

    def compare(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        if old == new and not (isinstance(old, dict) and "$ref" in old):
            return
        if depth > MAX_DEPTH:
            return
        old, new, again = self._followed(old, new)
        if again or old == new:
            return
        if isinstance(old, bool) or isinstance(new, bool):
            yield from self._whole(old, new, pointer)
            return
        parts: tuple[Callable[..., Iterator[Difference]], ...] = (
            self._type, self._values, self._bounds, self._fields, self._required, self._openness, self._items, self._branches,
            self._others,
        )  # fmt: skip
        for part in parts:
            yield from part(old, new, pointer, depth)

    def _followed(self, old: Any, new: Any) -> tuple[Any, Any, bool]:
        """The schemas that references lead to; whether this pair has been compared already."""
        referring = isinstance(old, dict) and "$ref" in old, isinstance(new, dict) and "$ref" in new
        if not any(referring):
            return old, new, False
        key = (str(old.get("$ref") if referring[0] else id(old)), str(new.get("$ref") if referring[1] else id(new)))
        if key in self.seen:
            return old, new, True
        self.seen.add(key)
        for _step in range(20):
            if isinstance(old, dict) and isinstance(old.get("$ref"), str):
                old = at(self.roots[0], old["$ref"][1:])
            if isinstance(new, dict) and isinstance(new.get("$ref"), str):
                new = at(self.roots[1], new["$ref"][1:])
        return old, new, False

    def _whole(self, old: Any, new: Any, pointer: str) -> Iterator[Difference]:
        if new is False:
            yield Difference(pointer, "", _("%s may not be there any more.") % field_of(pointer), (BACKWARD,), old, new)
        elif old is False:
            yield Difference(pointer, "", _("%s may be there now.") % field_of(pointer), (FORWARD,), old, new)
        elif new is True:
            yield Difference(pointer, "", _("%s may be anything now.") % field_of(pointer), (FORWARD,), old, new)
        else:
            yield Difference(
                pointer, "", _("%s was anything and is described now.") % field_of(pointer), (BACKWARD,), old, new
            )

    def _type(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        before, after = _types(old), _types(new)
        if before == after:
            return
        lost, gained = before - after, after - before
        hurts = ((BACKWARD,) if lost else ()) + ((FORWARD,) if gained else ())
        sentence = _("%(field)s was %(before)s and is %(after)s now.") % {
            "field": field_of(pointer), "before": in_words(before), "after": in_words(after),
        }  # fmt: skip
        yield Difference(f"{pointer}/type", "type", sentence, hurts, old.get("type"), new.get("type"))

    def _values(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        before, after = self._allowed(old), self._allowed(new)
        if before == after:
            return
        keyword = "const" if "const" in new or "const" in old else "enum"
        here = f"{pointer}/{keyword}"
        if before is None or after is None:
            free = before is None
            said = _("%s is one of fixed values now.") if free else _("%s is not one of fixed values any more.")
            yield Difference(
                here, keyword, said % field_of(pointer), (BACKWARD,) if free else (FORWARD,), before, after
            )
            return
        gone = [value for value in before if value not in after]
        come = [value for value in after if value not in before]
        if gone:
            told = {"field": field_of(pointer), "values": ", ".join(map(short, gone[:5]))}
            yield Difference(
                here,
                keyword,
                _("%(field)s may no longer be %(values)s.") % told,
                (BACKWARD,),
                before,
                after,
            )
        if come:
            told = {"field": field_of(pointer), "values": ", ".join(map(short, come[:5]))}
            yield Difference(
                here,
                keyword,
                _("%(field)s may be %(values)s too.") % told,
                (FORWARD,),
                before,
                after,
            )

    @staticmethod
    def _allowed(schema: Any) -> list[Any] | None:
        if "const" in schema:
            return [schema["const"]]
        return list(schema["enum"]) if "enum" in schema else None

    def _bounds(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        for keyword, (what, lower) in BOUNDS.items():
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            if before is None or after is None:
                stricter = before is None
            else:
                stricter = (after > before) if lower else (after < before)
            if before is None:
                said = _("For %(field)s, %(what)s was not limited and is %(after)s now.")
            elif after is None:
                said = _("For %(field)s, %(what)s was %(before)s and is not limited any more.")
            else:
                said = _("For %(field)s, %(what)s was %(before)s and is %(after)s now.")
            values = {"before": short(before), "after": short(after)}
            sentence = said % {"field": field_of(pointer), "what": what, **values}
            yield Difference(
                f"{pointer}/{keyword}", keyword, sentence, (BACKWARD if stricter else FORWARD,), before, after
            )

    def _fields(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        before, after = old.get("properties") or {}, new.get("properties") or {}
        closed_before, closed_after = _closed(old), _closed(new)
        for name in dict.fromkeys([*before, *after]):
            here = f"{pointer}/properties/{escaped(name)}"
            if name in before and name in after:
                yield from self.compare(before[name], after[name], here, depth + 1)
            elif name in after:
                yield self._added(name, here, after[name], closed_before)
            else:
                yield self._removed(name, here, before[name], closed_after)

    def _added(self, name: str, here: str, schema: Any, closed: bool) -> Difference:
        if closed:
            sentence = _("%s is new; the old version refuses fields that it does not know.") % field_of(here)
            return Difference(here, "properties", sentence, (FORWARD,), None, schema)
        sentence = _(
            "%s is new. The old version left other fields open, so an old event may carry one of that name with any value, and "
            "the new version would refuse it. Close the objects (additionalProperties: false), or describe the field as any "
            "value first."
        ) % field_of(here)
        return Difference(here, "properties", sentence, () if schema in (True, {}) else (BACKWARD,), None, schema)

    def _removed(self, name: str, here: str, schema: Any, closed: bool) -> Difference:
        if closed:
            sentence = _("%s is gone; the new version refuses fields that it does not know.") % field_of(here)
            return Difference(here, "properties", sentence, (BACKWARD,), schema, None)
        sentence = _("%s is not described any more: a new event may carry any value there.") % field_of(here)
        return Difference(here, "properties", sentence, () if schema in (True, {}) else (FORWARD,), schema, None)

    def _required(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        before, after = old.get("required") or [], new.get("required") or []
        for name in [one for one in after if one not in before]:
            field = field_of(f"{pointer}/properties/{escaped(name)}")
            yield Difference(
                f"{pointer}/required", "required", _("%s must be there now.") % field, (BACKWARD,), before, after
            )
        for name in [one for one in before if one not in after]:
            field = field_of(f"{pointer}/properties/{escaped(name)}")
            yield Difference(
                f"{pointer}/required", "required", _("%s may be missing now.") % field, (FORWARD,), before, after
            )

    def _openness(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        for keyword in ("additionalProperties", "unevaluatedProperties", "propertyNames"):
            before, after = old.get(keyword, True), new.get(keyword, True)
            if before == after:
                continue
            here = f"{pointer}/{keyword}"
            if after is False:
                yield Difference(
                    here,
                    keyword,
                    _("%s takes no other fields any more.") % field_of(pointer),
                    (BACKWARD,),
                    before,
                    after,
                )
            elif before is False:
                yield Difference(
                    here, keyword, _("%s takes other fields now.") % field_of(pointer), (FORWARD,), before, after
                )
            else:
                yield from self.compare(before, after, here, depth + 1)

    def _items(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        for keyword in ("items", "additionalItems", "unevaluatedItems", "contains"):
            before, after = old.get(keyword, True), new.get(keyword, True)
            if isinstance(before, list) or isinstance(after, list):
                if before != after:
                    said = _("The items of %s are described otherwise.") % field_of(pointer)
                    yield Difference(f"{pointer}/{keyword}", keyword, said, BOTH, before, after)
            else:
                yield from self.compare(before, after, f"{pointer}/{keyword}", depth + 1)
        before, after = old.get("prefixItems") or [], new.get("prefixItems") or []
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else True
            other = after[index] if index < len(after) else True
            yield from self.compare(one, other, f"{pointer}/prefixItems/{index}", depth + 1)
        unique = bool(old.get("uniqueItems")), bool(new.get("uniqueItems"))
        if unique[0] != unique[1]:
            said = _("The items of %s must all differ now.") if unique[1] else _("The items of %s may be equal now.")
            hurts = (BACKWARD,) if unique[1] else (FORWARD,)
            sentence = said % field_of(pointer)
            yield Difference(f"{pointer}/uniqueItems", "uniqueItems", sentence, hurts, *unique)

    def _branches(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        for keyword in ("anyOf", "oneOf", "allOf"):
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            here = f"{pointer}/{keyword}"
            if before is None or after is None or len(before) != len(after):
                counts = len(before or ()), len(after or ())
                sentence = _("%(field)s had %(before)d alternatives under %(keyword)s and has %(after)d now.") % {
                    "field": field_of(pointer), "before": counts[0], "after": counts[1], "keyword": keyword,
                }  # fmt: skip
                yield Difference(here, keyword, sentence, BOTH, before, after)
                continue
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from self.compare(one, other, f"{here}/{index}", depth + 1)

    def _others(self, old: Any, new: Any, pointer: str, depth: int) -> Iterator[Difference]:
        for keyword in ("pattern", "multipleOf", "not", "if", "then", "else", "patternProperties", "dependentRequired",
                        "dependentSchemas", "dependencies"):  # fmt: skip
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            hurts = (BACKWARD,) if before is None else (FORWARD,) if after is None else BOTH
            sentence = _("%(keyword)s of %(field)s was %(before)s and is %(after)s now.") % {
                "keyword": keyword, "field": field_of(pointer), "before": short(before), "after": short(after),
            }  # fmt: skip
            yield Difference(f"{pointer}/{keyword}", keyword, sentence, hurts, before, after)
        for keyword in _TELLS_NOTHING:
            before, after = old.get(keyword), new.get(keyword)
            if before != after and keyword not in ("$schema", "$id"):
                sentence = _("%(keyword)s of %(field)s reads otherwise; no event is judged by it.") % {
                    "keyword": keyword, "field": field_of(pointer),
                }  # fmt: skip
                yield Difference(f"{pointer}/{keyword}", keyword, sentence, (), before, after)


def _closed(schema: Any) -> bool:
    return schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False
