"""TypeScript and JavaScript code, by its tokens: keys as text, keys put together by `+`, members that there are not.

No parser of the language is at hand in Python; tokens are enough for texts, and what they cannot tell (a template with parts of
run time, a call that makes text) is left to the compiler, which knows the type of the generated constants.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from metrics.checking.dictionary import Dictionary
from metrics.checking.findings import Finding
from metrics.checking.judging import judged_member, judged_text, means_metric

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<template>`(?:[^`\\]|\\.)*`)
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<sign>=>|\?\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# After these a slash begins a regular expression and no division.
_BEFORE_EXPRESSION = frozenset("(,=:[!&|?{};+-*%<>~^") | {"=>", "return", "typeof", "case", "in", "of"}
# Bounded, so that no line makes it look for its end again and again.
_EXPRESSION = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,300}\]){1,1000}/[a-z]*")
# `Metric`, imported from a module that is called after metrics.
_IMPORTED = re.compile(
    r"import\s*\{[^{}]{0,2000}\bMetric\b[^{}]{0,2000}\}\s*from\s*[\"'][^\"'\n]{0,500}metric", re.IGNORECASE
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


class Token(NamedTuple):
    """One token: its kind (`text`, `name`, `sign`, `number`, `open` for a template with parts), its value, its line."""

    kind: str
    value: str
    line: int


def findings(path: str, code: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    """What is wrong in one file. Raises ValueError for one that is not UTF-8."""
    text = code.decode("utf-8-sig")
    tokens = list(scan(text))
    imports = _IMPORTED.search(text) is not None
    index = 0
    while index < len(tokens):
        token = tokens[index]
        told = None
        if token.kind == "text":
            end, value = _joined(tokens, index)
            if not _named(tokens, index - 1, "from", "import"):
                meant = _meant(tokens, index) and not _is(tokens, end + 1, ":")
                told = judged_text(value, dictionary, composed=end > index, meant=meant, imports=imports)
            index = end
        elif imports and token[:2] == ("name", "Metric") and _is(tokens, index + 1, ".", "?."):
            member = tokens[index + 2] if index + 2 < len(tokens) else token
            if member.kind == "name" and member.value.isupper():
                told = judged_member(member.value, dictionary)
                index += 2
        elif imports and token[:2] == ("name", "Metric") and _is(tokens, index + 1, "["):
            member = tokens[index + 2] if index + 2 < len(tokens) else token
            if member.kind == "text":
                told = judged_member(member.value, dictionary)
                index += 2
        if told is not None:
            yield Finding(path, token.line, *told)
        index += 1


def scan(text: str) -> Iterator[Token]:
    """The tokens of a text, without blanks and comments."""
    position, line, before = 0, 1, Token("sign", "(", 0)
    while position < len(text):
        expression = None
        if text[position] == "/" and before.value in _BEFORE_EXPRESSION and before.kind in ("sign", "name"):
            expression = (
                _EXPRESSION.match(text, position) if text[position + 1 : position + 2] not in ("/", "*") else None
            )
        match = expression or _TOKEN.match(text, position)
        assert match is not None
        kind, value = (match.lastgroup or "sign") if expression is None else "number", match.group()
        if kind == "template":
            kind = "open" if "${" in value else "text"
        if kind not in ("space", "comment"):
            before = Token(kind, _plain(value) if kind == "text" else value, line)
            yield before
        line += value.count("\n")
        position = match.end()


def _plain(quoted: str) -> str:
    def meant(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            number = int(code, 16)
            return chr(number) if number < 0x110000 else ""
        return _ESCAPES.get(match[4], "" if match[4] == "\n" else match[4])

    return _ESCAPE.sub(meant, quoted[1:-1])


def _joined(tokens: list[Token], index: int) -> tuple[int, str]:
    """A text, with those that are added to it: the index of the last one, and all of it."""
    value = tokens[index].value
    if _is(tokens, index - 1, "+") and index >= 2 and tokens[index - 2].kind != "text":
        # Something of run time is before it.
        return index, value
    while _is(tokens, index + 1, "+") and index + 2 < len(tokens) and tokens[index + 2].kind == "text":
        index += 2
        value += tokens[index].value
    return index, value


def _meant(tokens: list[Token], index: int) -> bool:
    """Whether the text stands where a metric is meant: metric: "…", metric = "…", metrics["…"], plotMetric("…")."""
    at = index - 1
    while at > 0:
        if _is(tokens, at, "[", "(", "=", ":") or (_is(tokens, at, "{") and _is(tokens, at - 1, "=")):
            at -= 1
        elif _is(tokens, at, ",") and tokens[at - 1].kind == "text":
            at -= 2
        else:
            break
    return 0 <= at < index - 1 and tokens[at].kind in ("name", "text") and means_metric(tokens[at].value)


def _is(tokens: list[Token], index: int, *values: str) -> bool:
    return 0 <= index < len(tokens) and tokens[index].kind == "sign" and tokens[index].value in values


def _named(tokens: list[Token], index: int, *values: str) -> bool:
    return 0 <= index < len(tokens) and tokens[index].kind == "name" and tokens[index].value in values
