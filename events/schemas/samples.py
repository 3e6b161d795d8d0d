"""Events made from a schema: candidates that are cheap to make and are always checked before anybody sees one."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from events.schemas.walking import Schema, at, escaped

# Values that differ in every way that a keyword can tell apart.
PROBES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 1.5, -0.5, 1_000_000, -1_000_000, "", "a", "0", "x y", "A-1", "2026-01-31",
    "2026-01-31T12:00:00Z", "x" * 300, [], {}, [None], ["a"], ["a", "a"], [1, "a", None], list(range(40)), {"unforeseen": 1},
)  # fmt: skip
MAX_DEPTH = 8
PER_SCHEMA = 24
UNFORESEEN = "unforeseen"


def candidates(schema: Schema, root: Schema, depth: int = 0) -> Iterator[Any]:
    """Values that the schema may accept, the plainest first; at most `PER_SCHEMA`."""
    return islice(_candidates(schema, root, depth), PER_SCHEMA)


def _candidates(schema: Schema, root: Schema, depth: int) -> Iterator[Any]:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        if schema is not False:
            yield from PROBES
        return
    if "const" in schema:
        yield schema["const"]
        return
    if "enum" in schema:
        yield from schema["enum"]
        return
    if isinstance(schema.get("$ref"), str):
        yield from candidates(at(root, schema["$ref"][1:]), root, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(keyword) or ():
            merged = {**{k: v for k, v in schema.items() if k != keyword}, **one} if isinstance(one, dict) else schema
            yield from islice(_candidates(merged, root, depth + 1), 6)
    types = schema.get("type", ["object", "string", "integer", "number", "boolean", "null", "array"])
    for name in [types] if isinstance(types, str) else types:
        yield from islice(_MAKERS[name](schema, root, depth), 8)


def _objects(schema: dict[str, Any], root: Schema, depth: int) -> Iterator[Any]:
    known = schema.get("properties") or {}
    required = [name for name in schema.get("required") or () if isinstance(name, str)]
    rest = schema.get("additionalProperties", True)

    def first(name: str) -> list[Any]:
        return list(islice(candidates(known.get(name, rest), root, depth + 1), 4))

    base = {name: values[0] for name in required if (values := first(name))}
    for number in range(int(schema.get("minProperties") or 0) - len(base)):
        if number < 50:
            base[f"{UNFORESEEN}_{number}"] = next(candidates(rest, root, depth + 1), 1)
    yield base
    whole = base | {name: values[0] for name in known if name not in base and (values := first(name))}
    yield whole
    for name in required:
        for value in first(name)[1:]:
            yield base | {name: value}
    for name in [one for one in known if one not in base]:
        for value in first(name):
            yield base | {name: value}
    if rest is not False:
        for value in islice(candidates(rest, root, depth + 1), 4):
            yield base | {UNFORESEEN: value}


def _arrays(schema: dict[str, Any], root: Schema, depth: int) -> Iterator[Any]:
    heads = schema.get("prefixItems")
    items = schema.get("items", True)
    if heads is None and isinstance(items, list):
        heads, items = items, schema.get("additionalItems", True)
    lead = [next(candidates(one, root, depth + 1), None) for one in heads or ()]
    least, most = int(schema.get("minItems") or 0), int(schema.get("maxItems", 1_000))
    pool = list(islice(candidates(items, root, depth + 1), 12)) or [None]
    contained = list(islice(candidates(schema["contains"], root, depth + 1), 3)) if "contains" in schema else []
    times = int(schema.get("minContains", 1)) if contained else 0
    for size in dict.fromkeys((least, least + 1, len(lead), len(lead) + 1, min(most, 60), min(most, 60) + 1)):
        if size > 200:
            continue
        more = [pool[number % len(pool)] for number in range(max(0, size - len(lead) - times))]
        yield (lead + contained[:1] * times + more)[: max(size, times)]
    yield [pool[0], pool[0]]
    for value in pool:
        yield [*lead, value]


def _strings(schema: dict[str, Any], root: Schema, depth: int) -> Iterator[Any]:
    least, most = int(schema.get("minLength") or 0), int(schema.get("maxLength", 10_000))
    if isinstance(schema.get("pattern"), str):
        for extra in (0, 1, 2, 40):
            made = from_pattern(schema["pattern"], extra)
            yield made
            if made:
                yield made + made[-1] * max(0, least - len(made))
        return
    for size in dict.fromkeys((least, least + 1, most, most + 1, max(most - 1, 0))):
        if least <= size <= min(most, 5_000):
            yield "a" * size
    for text in ("2026-01-31T12:00:00Z", "2026-01-31", "a@portal.example", "https://portal.example/", "0", "A-1"):
        if least <= len(text) <= most:
            yield text


def _numbers(schema: dict[str, Any], root: Schema, depth: int, *, whole: bool = False) -> Iterator[Any]:
    step = schema.get("multipleOf") or 1
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    found: list[Any] = [0, 1, -1, step, 2 * step, -step]
    for bound in (low, high, above, below):
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            nearest = (bound // step) * step
            found += [bound, nearest, nearest + step, nearest - step, bound + 1, bound - 1]
            found += [] if whole else [bound + 0.5, bound - 0.5]
    for value in found:
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if whole and not isinstance(value, int):
            continue
        if (
            (low is None or value >= low) and (high is None or value <= high)
            and (above is None or value > above) and (below is None or value < below)
        ):  # fmt: skip
            yield value
    if not whole:
        yield 0.5


def _integers(schema: dict[str, Any], root: Schema, depth: int) -> Iterator[Any]:
    return _numbers(schema, root, depth, whole=True)


_MAKERS: dict[str, Any] = {
    "object": _objects,
    "array": _arrays,
    "string": _strings,
    "number": _numbers,
    "integer": _integers,
    "boolean": lambda schema, root, depth: iter((True, False)),
    "null": lambda schema, root, depth: iter((None,)),
}


def from_pattern(pattern: str, extra: int = 0) -> str:
    """A short text that a pattern matches, every repeat `extra` times more than it must; empty where that is beyond this."""
    try:
        parsed = re._parser.parse(pattern)  # type: ignore[attr-defined] # the parser of the standard library
        return _text(parsed, extra)
    except (re.error, ValueError, RecursionError, OverflowError):
        return ""


def _text(parsed: Any, extra: int) -> str:
    made = ""
    for op, argument in parsed:
        name = str(op)
        if name == "LITERAL":
            made += chr(argument)
        elif name == "NOT_LITERAL":
            made += "a" if argument != ord("a") else "b"
        elif name == "ANY":
            made += "a"
        elif name == "IN":
            made += _one_of(argument)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            made += _text(argument[2], extra) * min(int(argument[0]) + extra, int(argument[1]), 300)
        elif name == "SUBPATTERN":
            made += _text(argument[3], extra)
        elif name == "BRANCH":
            made += _text(argument[1][extra % len(argument[1])], extra)
        elif name != "AT":
            raise ValueError(name)
    return made


def _one_of(options: Any) -> str:
    refused = str(options[0][0]) == "NEGATE"
    if refused:
        banned = {argument for op, argument in options[1:] if str(op) == "LITERAL"}
        return next(char for char in "aA0_- ~" if ord(char) not in banned)
    op, argument = options[0]
    if str(op) == "LITERAL":
        return chr(argument)
    if str(op) == "RANGE":
        return chr(argument[0])
    return {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "a"}.get(
        str(argument), "-"
    )


def mutations(value: Any, probes: list[Any]) -> Iterator[Any]:
    """The value with one part left out, put in another's place or added, at every place, the outermost first."""
    yield from _mutated(value, probes, 0)


def _mutated(value: Any, probes: list[Any], depth: int) -> Iterator[Any]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name in value:
            yield {key: one for key, one in value.items() if key != name}
        for name in value:
            for probe in probes:
                yield value | {name: probe}
        for probe in probes:
            yield value | {UNFORESEEN: probe}
        for name, one in value.items():
            for inner in _mutated(one, probes, depth + 1):
                yield value | {name: inner}
    elif isinstance(value, list):
        yield value[1:]
        yield value + value[-1:]
        for probe in probes:
            yield [*value, probe]
        for index, one in enumerate(value[:3]):
            for inner in _mutated(one, probes, depth + 1):
                yield [*value[:index], inner, *value[index + 1 :]]


__all__ = ["PROBES", "candidates", "escaped", "from_pattern", "mutations"]
