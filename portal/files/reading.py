"""Reading YAML and JSON that anybody may have written, in bounded time and memory: plain mappings, lists, texts, numbers.

No aliases (they can grow without bound), no tags, no repeated keys, one document. Dates stay texts, and so do `yes` and `no`:
what a file says is what a document holds.
"""

import json
import re
from typing import Any

import yaml

MOST_BYTES = 8 * 1024 * 1024
MOST_DEPTH = 60
MOST_NODES = 400_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.2's core schema.
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,300})")
_FRACTION = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,4})?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
          "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # fmt: skip
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_JSON_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Unreadable(ValueError):
    """The text cannot be read. The message says what is wrong; `line` counts from 1 and is 0 where none is known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line


def read(content: bytes, *, most_bytes: int = MOST_BYTES, most_nodes: int = MOST_NODES) -> Any:
    """The value in a YAML or JSON text. Raises Unreadable."""
    if len(content) > most_bytes:
        raise Unreadable(f"It is larger than {most_bytes // 1024} kB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable("It is not UTF-8.", line) from None
    return _json(text, most_nodes) if _looks_like_json(text) else _yaml(text, most_nodes)


def _looks_like_json(text: str) -> bool:
    stripped = text.strip()
    return (
        stripped[:1] in ("{", "[")
        and stripped[1:].lstrip()[:1] in ('"', "{", "[", "]", "}")
        and stripped[-1:] in ("}", "]")
    )


def _json(text: str, most_nodes: int) -> Any:
    # Counted before it is parsed: the parser makes everything at once.
    depth = 0
    for match in _JSON_TOKENS.finditer(text):
        sign = match.group()[:1]
        if sign == '"':
            continue
        if sign in "[{":
            depth += 1
            if depth > MOST_DEPTH:
                raise Unreadable(
                    f"It is nested deeper than {MOST_DEPTH} levels.", text.count("\n", 0, match.start()) + 1
                )
        elif sign in "]}":
            depth -= 1
    if text.count(",") + text.count(":") > 2 * most_nodes:
        raise Unreadable(f"It holds more than {most_nodes} values.")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_whole, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(f"It is not JSON: {error.msg}.", error.lineno) from None
    except RecursionError:
        raise Unreadable(f"It is nested deeper than {MOST_DEPTH} levels.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable(f"The key “{key[:60]}” stands twice in one mapping.")
        found[key] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > 300:
        raise Unreadable("A number has more than 300 digits.")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number that JSON knows.")


def _yaml(text: str, most_nodes: int) -> Any:
    bad = _CONTROLS.search(text)
    if bad:
        raise Unreadable("It holds a control character.", text.count("\n", 0, bad.start()) + 1)
    try:
        return _Builder(most_nodes).build(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it does not parse"
        raise Unreadable(f"It is not YAML: {problem}.", mark.line + 1 if mark is not None else 0) from None
    except RecursionError:
        raise Unreadable(f"It is nested deeper than {MOST_DEPTH} levels.") from None


class _Builder:
    """Makes the value from the parser's events, so that nothing is built before it is counted."""

    def __init__(self, most_nodes: int) -> None:
        self._most_nodes = most_nodes

    def build(self, text: str) -> Any:
        stack: list[_Holder] = []
        whole: Any = None
        documents = count = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Unreadable("It holds more than one document.", _line(event))
                continue
            if isinstance(event, yaml.CollectionEndEvent):
                whole = stack.pop().value
                if stack:
                    stack[-1].put(whole, _line(event))
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            count += 1
            if count > self._most_nodes:
                raise Unreadable(f"It holds more than {self._most_nodes} values.", _line(event))
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable("Aliases (*name) are not taken: write the value out.", _line(event))
            tag: str | None = getattr(event, "tag", None)
            if tag is not None and tag not in _PLAIN_TAGS and tag != "!":
                raise Unreadable(f"The tag {tag[:60]} is not taken.", _line(event))
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Holder(is_mapping=isinstance(event, yaml.MappingStartEvent)))
                if len(stack) > MOST_DEPTH:
                    raise Unreadable(f"It is nested deeper than {MOST_DEPTH} levels.", _line(event))
                continue
            assert isinstance(event, yaml.ScalarEvent)
            value = _scalar(event)
            if stack:
                stack[-1].put(value, _line(event), event)
            else:
                whole = value
        return whole


class _Holder:
    """A mapping or list that is being filled."""

    def __init__(self, *, is_mapping: bool) -> None:
        self.value: Any = {} if is_mapping else []
        self._key: str | None = None

    def put(self, value: Any, line: int, event: Any = None) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self._key is None:
            if event is None:
                raise Unreadable("A key must be a text.", line)
            # A key is what is written: `on:` is the text “on”, 1.0 the text “1.0”.
            self._key = event.value
            if self._key in self.value:
                raise Unreadable(f"The key “{event.value[:60]}” stands twice in one mapping.", line)
            if self._key == "<<" and event.implicit[0]:
                raise Unreadable("Merge keys (<<) are not taken: write the values out.", line)
        else:
            self.value[self._key] = value
            self._key = None


def _scalar(event: Any) -> Any:
    text: str = event.value
    plain = event.implicit[0] and event.tag is None
    if event.tag is not None and not event.tag.endswith(":str") and event.tag != "!":
        plain = True
    return bare(text) if plain else text


def bare(text: str) -> Any:
    """What a text means that stands in a file without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return text


def _line(event: Any) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0
