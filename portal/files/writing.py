"""Writing documents as YAML for people and for `reading.read`, which gives back the very same value.

One form: mappings and lists in block style, long texts folded or as they are, letters of every script as they are. Whatever
another reader might take for a number, a day or a `yes` stands in quotes, and what does not show (control characters, those that
turn the direction of a line) is written as an escape.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from portal.files.reading import bare

WIDTH = 100
_LONGEST_KEY = 500
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_HIDDEN_IN_LINES = re.compile(_HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_PLAIN = re.compile(r"\w(?:[\w .,;/@+()=!?'\"&%$*<>~|“”‘’–—،؛؟-]|:(?=[^\s]))*")
_BREAKABLE = re.compile(r"(?<=\S) (?=\S)")
_BLANK_AT_END = re.compile(r"\s(?:\n|\Z)")
# What YAML 1.1 takes for something else than a text, by the first letter.
_RESOLVERS: dict[str | None, list[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers


def dump(value: Any) -> str:
    """A value of JSON as YAML, with a line end."""
    return "\n".join(_block(value, 0)) + "\n"


def _block(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            name = _one_line(str(key))
            if len(name) > _LONGEST_KEY:
                yield f"{' ' * indent}? {name}"
                name = ""
            yield from _after(f"{' ' * indent}{name}:", inner, indent)
    elif isinstance(value, list) and value:
        for inner in value:
            if isinstance(inner, Mapping | list) and inner:
                lines = _block(inner, indent + 2)
                yield f"{' ' * indent}- {next(lines)[indent + 2 :]}"
                yield from lines
            else:
                yield from _after(f"{' ' * indent}-", inner, indent)
    else:
        yield _scalar(value)


def _after(start: str, value: Any, indent: int) -> Iterator[str]:
    """What follows a key or a dash: on the same line, or on lines of its own below it."""
    if isinstance(value, Mapping | list) and value:
        yield start
        yield from _block(value, indent + 2)
        return
    if isinstance(value, str):
        header, lines = _lines(value)
        if header:
            yield f"{start} {header}"
            yield from (f"{' ' * (indent + 2)}{line}" if line else "" for line in lines)
            return
    yield f"{start} {_scalar(value)}"


def _lines(text: str) -> tuple[str, list[str]]:
    """The header and the lines of a text that is better told on several; no header where it is not."""
    if "\n" in text:
        body = text.rstrip("\n")
        if not body or _HIDDEN_IN_LINES.search(text) or _BLANK_AT_END.search(body):
            return "", []
        ends = len(text) - len(body)
        chomping = {0: "-", 1: ""}.get(ends, "+")
        # The indentation is told where the first line would not show it.
        told = "2" if body[0] in " \n" else ""
        return f"|{told}{chomping}", [*body.split("\n"), *[""] * (ends - 1 if ends > 1 else 0)]
    if len(text) > WIDTH and not _HIDDEN.search(text) and text == text.strip():
        lines = _folded(text)
        return (">-", lines) if len(lines) > 1 else ("", [])
    return "", []


def _folded(text: str) -> list[str]:
    lines = [""]
    for word in _BREAKABLE.split(text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, float):
        text = repr(value)
        # With a point, so that YAML 1.1 reads a number too.
        return text if "e" not in text or "." in text else text.replace("e", ".0e")
    return json.dumps(value)


def _one_line(text: str) -> str:
    if _PLAIN.fullmatch(text) and text[-1] != " " and isinstance(bare(text), str) and not _otherwise(text):
        return text
    return _HIDDEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _otherwise(text: str) -> bool:
    found = [*_RESOLVERS.get(text[0], ()), *_RESOLVERS.get(None, ())]
    return any(pattern.match(text) for _tag, pattern in found)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
