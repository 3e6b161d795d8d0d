"""One decision in a file: MADR 4 (front matter, then Markdown) and adr-tools (Markdown alone). Reading and writing; pure.

A decision that is written and read again is the same decision. Whatever a file says that a decision cannot carry is told.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from metrics.decisions.rules import key_of, number_of, read_key, shown
from portal.registry.documents import Document

MADR, ADR_TOOLS = "madr", "adr-tools"
FORMATS = (MADR, ADR_TOOLS)
MOST_BYTES = 256 * 1024
# What an ADR may be; only the first is a decision that holds.
ACCEPTED, SUPERSEDED = "accepted", "superseded"
STATUSES = ("proposed", ACCEPTED, "rejected", "deprecated", SUPERSEDED)
_FILE = re.compile(r"^(?:adr[-_])?(\d{1,6})[-_. ]", re.IGNORECASE)
_TITLE = re.compile(r"^#[ \t]+(\S.*?)[ \t]*$")
_NUMBERED_TITLE = re.compile(r"^(?:ADR[- ]?)?(\d{1,6})[.:][ \t]*(\S.*)$", re.IGNORECASE)
_DAY = re.compile(r"^Date:[ \t]*(\S+)[ \t]*$")
# adr-tools writes "Superceded"; hands write it otherwise.
_LINK = re.compile(
    r"^(supersedes|supercedes|superseded by|superceded by)\s*:?\s*\[?(?:ADR[- ]?)?0*(\d+)", re.IGNORECASE
)
_BY = re.compile(r"^superse?c?eded\b(?:\s+by\s+\[?(?:ADR[- ]?)?0*(\d+))?", re.IGNORECASE)
_PEOPLE = {"decision-makers": "deciders", "deciders": "deciders", "consulted": "consulted", "informed": "informed"}
_HEAD = frozenset({*_PEOPLE, "status", "date", "decides", "supersedes", "owner", "summary", "title-ar", "summary-ar"})
_NOT_IN_ADR_TOOLS = (
    "deciders",
    "consulted",
    "informed",
    "owner",
    "name_ar",
    "description",
    "description_ar",
    "decides",
)


class Unreadable(ValueError):
    """The file is no decision; the message says why, `line` where (from 1)."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Read:
    """A decision as its file tells it.

    `document` lacks whatever the file lacks; `superseded_by` is the key that the file names, if any; `left` tells what the
    document cannot carry; `line` is where the title stands.
    """

    document: Document
    status: str
    superseded_by: str | None = None
    left: list[str] = field(default_factory=list)
    line: int = 1


def read(name: str, raw: bytes) -> Read:
    """The decision of a file; `name` without folders, as its number may stand there. Raises Unreadable."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"It is larger than {MOST_BYTES // 1024} kB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("It is not UTF-8.", raw[: error.start].count(b"\n") + 1) from None
    lines = text.splitlines()
    head, start = _front_matter(lines)
    title = next((number for number in range(start, len(lines)) if lines[number].strip()), None)
    found = _TITLE.match(lines[title]) if title is not None else None
    if title is None or found is None:
        raise Unreadable("It has no title: begin it with “# 1. The decision in one line”.", (title or start) + 1)
    key, words = _numbered(name, found.group(1))
    if key is None:
        raise Unreadable("It has no number: name the file 0001-… or write it before the title.", title + 1)
    body, told = lines[title + 1 :], {"key": key, "name": words}
    if head is None:
        return _adr_tools(told, body, title + 1)
    return _madr(told, head, body, title + 1)


def _numbered(name: str, title: str) -> tuple[str | None, str]:
    """The key by the name of the file, or by the title if the file has none; the title without its number."""
    in_name, in_title = _FILE.match(name), _NUMBERED_TITLE.match(title)
    number = int(in_name.group(1)) if in_name else int(in_title.group(1)) if in_title else None
    if in_title and int(in_title.group(1)) == number:
        title = in_title.group(2)
    return (None if number is None else key_of(number)), title


def _front_matter(lines: list[str]) -> tuple[dict[str, Any] | None, int]:
    """The head between its lines of dashes, None if there is none, and where the rest begins."""
    if not lines or lines[0].rstrip() != "---":
        return None, 0
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        raise Unreadable("Its front matter has no end: close it with a line of three dashes.")
    text = "\n".join(lines[1:end])
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise Unreadable("Its front matter has an alias (*name); write the value out.")
        head = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        mark = getattr(error, "problem_mark", None)
        words = " ".join(str(getattr(error, "problem", None) or error).split())[:200]
        raise Unreadable(f"Its front matter is no YAML: {words}.", mark.line + 2 if mark else 1) from None
    if head in (None, ""):
        head = {}
    if not isinstance(head, dict):
        raise Unreadable("Its front matter must be names and values.")
    return head, end + 1


def _madr(told: Document, head: dict[str, Any], body: list[str], line: int) -> Read:
    left = [f"front matter “{name}”" for name in head if name not in _HEAD]
    status, by = _status(_text(head.get("status", "")))
    document: Document = {**told, "text": _body(body)}
    for name, at in _PEOPLE.items():
        if name in head:
            document[at] = _names(head[name])
    plain = {
        "date": "date",
        "owner": "owner",
        "summary": "description",
        "title-ar": "name_ar",
        "summary-ar": "description_ar",
    }
    document |= {at: _text(head[name]) for name, at in plain.items() if _text(head.get(name, ""))}
    decides = head.get("decides") or {}
    if not isinstance(decides, dict):
        raise Unreadable("“decides” must name topics and choices: decides: {lineage: openlineage}.")
    document["decides"] = [{"topic": str(topic), "choice": _text(chosen)} for topic, chosen in decides.items()]
    document["supersedes"] = _keys(_names(head.get("supersedes", [])))
    return Read(document, status, by, left, line)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    raise Unreadable("A list or a mapping stands where one value is expected in the front matter.")


def _names(value: Any) -> list[str]:
    """A list, or the names of one line, as MADR's template shows them: {Huda, Omar}."""
    if isinstance(value, str):
        value = value.strip().strip("{}").split(",")
    if isinstance(value, dict):
        # {list everyone, …} of the template is YAML's mapping without values.
        value = list(value)
    return [text for one in value if (text := _text(one))]


def _keys(names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        key = read_key(name)
        if key is None:
            raise Unreadable(f"“{name[:60]}” is no number of a decision: write ADR-0001.")
        found.append(key)
    return found


def _status(text: str) -> tuple[str, str | None]:
    by = _BY.match(text)
    if by:
        return SUPERSEDED, key_of(int(by.group(1))) if by.group(1) else None
    word = text.strip(" {}").split(" ")[0].lower().rstrip(".")
    # A file without a status is one that nobody has decided on.
    return (word if word in STATUSES else "proposed"), None


def _body(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n") + "\n"


def _adr_tools(told: Document, body: list[str], line: int) -> Read:
    """Date and status stand in the text; the rest is the text."""
    day, status, by, older, left = "", "proposed", None, [], []
    kept: list[str] = []
    # Where the reader is: before the first heading, in the section of the status, or after it.
    place = "before"
    for text in body:
        if text.startswith("## "):
            place = "status" if place == "before" and text[3:].strip().lower() == "status" else "after"
            if place == "status":
                continue
        dated = _DAY.match(text) if place == "before" and not day else None
        if dated:
            day = dated.group(1)
        elif place != "status":
            kept.append(text)
        elif link := _LINK.match(text.strip()):
            key = key_of(int(link.group(2)))
            if link.group(1).lower().endswith("by"):
                status, by = SUPERSEDED, key
            else:
                older.append(key)
        elif text.strip() and status == "proposed":
            status, by = _status(text)
        elif text.strip():
            left.append(f"status line “{text.strip()[:80]}”")
    document: Document = {**told, "text": _body(kept), "decides": [], "supersedes": older}
    if day:
        document["date"] = day
    return Read(document, status, by, left, line)


def file_name(document: Document) -> str:
    """0001-use-openlineage.md: the number and the words of the title that a file name can carry."""
    words = re.sub(r"[^a-z0-9]+", "-", document["name"].lower()).strip("-")[:60].strip("-")
    return f"{number_of(document['key']):04d}-{words or 'decision'}.md"


def write(document: Document, form: str, superseded_by: str | None, known: Mapping[str, Document]) -> str:
    """The text of the file in one of the formats; `superseded_by` is a key, `known` are the decisions by their keys."""
    return _write_madr(document, superseded_by) if form == MADR else _write_adr_tools(document, superseded_by, known)


def lost(document: Document, form: str) -> list[str]:
    """The fields that a file of this format cannot carry."""
    return [] if form == MADR else [name for name in _NOT_IN_ADR_TOOLS if document.get(name)]


def _write_madr(document: Document, superseded_by: str | None) -> str:
    head: dict[str, Any] = {
        "status": f"superseded by {shown(superseded_by)}" if superseded_by else ACCEPTED,
        "date": document["date"],
        "decision-makers": document["deciders"],
    }
    head |= {name: document[name] for name in ("consulted", "informed") if document.get(name)}
    head["owner"] = document["owner"]
    named = {"title-ar": "name_ar", "summary": "description", "summary-ar": "description_ar"}
    head |= {name: document[at] for name, at in named.items() if document.get(at)}
    if document.get("decides"):
        head["decides"] = {one["topic"]: one["choice"] for one in document["decides"]}
    if document.get("supersedes"):
        head["supersedes"] = [shown(key) for key in document["supersedes"]]
    told = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{told}---\n\n# {document['name']}\n\n{document['text']}"


def _write_adr_tools(document: Document, superseded_by: str | None, known: Mapping[str, Document]) -> str:
    status = ["Accepted"] if superseded_by is None else [f"Superceded by {_link(known[superseded_by])}"]
    status += [f"Supercedes {_link(known[key])}" for key in document.get("supersedes", [])]
    lines = [f"# {number_of(document['key'])}. {document['name']}", "", f"Date: {document['date']}", ""]
    return "\n".join([*lines, "## Status", "", "\n\n".join(status), "", document["text"]])


def _link(document: Document) -> str:
    return f"[{number_of(document['key'])}. {document['name']}]({file_name(document)})"
