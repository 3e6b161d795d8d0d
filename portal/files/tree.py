"""Reading a directory of entries: `<root>/<collection>/<key>.yaml`, one file after the other, in bounded time and memory.

Nothing outside of the directory is ever read: links are refused, and so is whatever is no plain file. What is wrong with a file
is told with its line, and the others are read on.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from portal.files.layout import STATE, SUFFIX
from portal.files.reading import Unreadable, read
from portal.refusals import Problem
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.models import EntryState

MOST_BYTES = 1024 * 1024
MOST_FILES = 20_000
MOST_IN_ALL = 256 * 1024 * 1024
MOST_FAULTS = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OTHER_FORMS = (".yml", ".json")
_MOST_NAME = 200


class NoDirectory(Exception):
    """There is nothing to read at this path, or it cannot be read."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file: where in it, what, and a stable code. `line` is 0 where none is known."""

    path: str
    message: str
    code: str
    field: str = ""
    line: int = 0


@dataclass(frozen=True)
class EntryFile:
    """A file that could be read: the entry that it names, the state it asks for, the document, and its bytes."""

    path: str
    kind: Kind
    key: str
    state: EntryState
    document: Document
    content: bytes

    def faults(self, problems: Sequence[Problem]) -> list[Fault]:
        """Problems of the document as those of the file, with their lines; the first of very many."""
        told = problems[:MOST_FAULTS]
        lines = lines_of(self.content, [one.path for one in told])
        return [Fault(self.path, one.message, one.code, one.path, line) for one, line in zip(told, lines, strict=True)]


def collections_in(root: Path) -> list[str]:
    """The collections that have a directory. Raises NoDirectory."""
    known = {kind.collection for kind in kinds.all_kinds()}
    return sorted(one.name for one in _listed(root) if one.name in known)


def files_in(root: Path, wanted: Sequence[Kind]) -> Iterator[EntryFile | Fault]:
    """Every file of an entry of these kinds, in order, or what is wrong with it. Raises NoDirectory."""
    known = list(dict.fromkeys(kind.collection for kind in kinds.all_kinds()))
    collections = {kind.collection for kind in wanted}
    files = size = 0
    for place in _listed(root):
        if place.name.startswith("."):
            continue
        if place.name not in known:
            if place.is_dir(follow_symlinks=False) or place.is_symlink():
                message = f"There is no collection of this name. Known: {', '.join(known)}."
                yield Fault(shown(place.name), message, "no_collection")
            elif place.name.endswith((SUFFIX, *_OTHER_FORMS)):
                yield Fault(shown(place.name), f"A file is <collection>/<key>{SUFFIX}.", "name")
            continue
        if place.name not in collections:
            continue
        if place.is_symlink() or not place.is_dir(follow_symlinks=False):
            yield Fault(place.name, "It is no directory of its own: links are not followed.", "no_directory")
            continue
        for one in _listed(Path(place.path)):
            if one.name.startswith("."):
                continue
            files += 1
            found = _taken(place.name, one)
            if isinstance(found, EntryFile):
                size += len(found.content)
            if files > MOST_FILES or size > MOST_IN_ALL:
                most = f"{MOST_FILES} files, {MOST_IN_ALL // 1024 // 1024} MB"
                yield Fault(place.name, f"The directory holds more than is read at once ({most}).", "too_many")
                return
            if isinstance(found, Fault) or (found is not None and found.kind in wanted):
                yield found


def _listed(root: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root) as found:
            return sorted(found, key=lambda one: one.name)
    except OSError as error:
        raise NoDirectory(f"{shown(str(root))}: {error.strerror}.") from None


def shown(name: str) -> str:
    """A name of the file system as it can be printed anywhere."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)[:_MOST_NAME]


def _taken(collection: str, one: os.DirEntry[str]) -> EntryFile | Fault | None:
    """The file, what is wrong with it, or nothing where it is of no concern (a README)."""
    path = f"{collection}/{shown(one.name)}"
    if not one.name.endswith(SUFFIX):
        if one.is_dir(follow_symlinks=False):
            return Fault(path, "Directories are not looked into.", "directory")
        if one.name.endswith(_OTHER_FORMS):
            return Fault(path, f"A file is <collection>/<key>{SUFFIX}.", "name")
        return None
    content = bytes_of(Path(one.path))
    if isinstance(content, str):
        return Fault(path, content, "no_file")
    try:
        value = read(content, most_bytes=MOST_BYTES)
    except Unreadable as error:
        message = str(error).removeprefix(f"line {error.line}: ")
        return Fault(path, message, "unreadable", line=error.line)
    return _understood(path, collection, one.name.removesuffix(SUFFIX), value, content)


def bytes_of(path: Path) -> bytes | str:
    """What is in a plain file, at most a little more than is taken; or, in words, why it is not read."""
    try:
        # A link is not followed, and a pipe does not make us wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return "Links are not followed." if path.is_symlink() else f"It cannot be read: {error.strerror}."
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return "It is no plain file."
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _understood(path: str, collection: str, name: str, value: Any, content: bytes) -> EntryFile | Fault:
    if not isinstance(value, dict):
        return Fault(path, "It must hold a mapping: the document of an entry.", "not_an_object", line=1)
    document = dict(value)
    among = kinds.in_collection(collection)
    kind = kinds.told_by(document, among)
    if kind is None:
        parts = ", ".join(one.name for one in among)
        return Fault(path, f"It has none of the parts that tell its kind: {parts}.", "unknown_kind", line=1)
    key = document.get("key")
    if key != name:
        message = f"The file is named “{shown(name)}”; the key in it must be the same."
        return Fault(path, message, "key", "key", *lines_of(content, ["key"]))
    state = document.pop(STATE, EntryState.ACTIVE.value)
    states = [one.value for one in (EntryState.ACTIVE, EntryState.DEPRECATED) if one in kind.states]
    if not isinstance(state, str) or state not in states:
        return Fault(path, f"Write one of {', '.join(states)}.", "state", STATE, *lines_of(content, [STATE]))
    return EntryFile(path, kind, key, EntryState(state), document, content)


def lines_of(content: bytes, paths: Sequence[str]) -> list[int]:
    """The lines of what is at dotted paths of a readable file, or of the nearest thing around it that is there."""
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=_LOADER)
    except yaml.YAMLError:
        # JSON that YAML does not read the same way.
        return [0 for _path in paths]
    return [_line_at(root, path) for path in paths]


def _line_at(node: Any, path: str) -> int:
    line = 1
    for step in path.split(".") if path else []:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and len(step) < 9 and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line + 1
        else:
            break
    return line
