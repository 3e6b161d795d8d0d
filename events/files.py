"""Families and schema versions as files of a repository: `<root>/<family>/<version>.json`. Pure; reads and writes one directory.

The schema stands alone in its file, so that every tool resolves `../money/1.0.0.json` as it is. What else the registry knows of a
version is in `<version>.about.json` beside it, the family's own document in `family.json`. Everything is canonical JSON (sorted
keys, two blanks), so that export, import and export again give the same bytes. `lock.json` lists every version that was ever
registered with the digest of its schema; it only grows, and a version in it never changes.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from events.documents import NUMBER, key_of
from events.schemas import Schema

LOCK, FAMILY, ABOUT = "lock.json", "family.json", ".about.json"
MAX_BYTES = 1024 * 1024
MOST_FILES = 20_000
_FAMILY = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_NUMBER = re.compile(NUMBER)
# What a version's document says beside its schema, and what its place in the tree says already.
_TOLD_BY_PLACE = ("key", "family", "number", "schema")


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file: which one, what, and a stable code."""

    path: str
    message: str
    code: str


@dataclass
class Tree:
    """What a directory holds: documents of families and of versions by (family, number), and the lock."""

    families: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    lock: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def lookup(self, family: str, number: str) -> Schema | None:
        """The schema of a version in the tree, for references."""
        found = self.versions.get((family, number))
        return None if found is None else found["schema"]

    def of(self, family: str) -> list[dict[str, Any]]:
        """The versions of a family, oldest first."""
        return [self.versions[name] for name in sorted(self.versions, key=_order) if name[0] == family]


def _order(name: tuple[str, str]) -> tuple[str, list[int]]:
    return name[0], [int(part) for part in name[1].split(".")]


def canonical(value: Any) -> bytes:
    """The bytes of a file."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def digest(schema: Schema) -> str:
    """What the lock holds of a version: the sha256 of its schema in canonical JSON, in hex."""
    return hashlib.sha256(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read(root: Path) -> Tree:
    """Read a directory; what cannot be read is a fault and left out."""
    tree = Tree()
    if not root.is_dir():
        tree.faults.append(Fault(str(root), "There is no such directory.", "no_directory"))
        return tree
    lock = _json(root / LOCK, root, tree) if (root / LOCK).exists() else {}
    tree.lock = {str(name): str(value) for name, value in lock.items()} if isinstance(lock, dict) else {}
    for path in _files(root, tree):
        _take(path, root, tree)
    return tree


def _files(root: Path, tree: Tree) -> Iterator[Path]:
    for number, path in enumerate(sorted(root.glob("*/*.json"))):
        if number >= MOST_FILES:
            tree.faults.append(Fault(str(root), f"It holds more than {MOST_FILES} files.", "too_many"))
            return
        if not path.resolve().is_relative_to(root.resolve()):
            tree.faults.append(Fault(_name(path, root), "It leads out of the directory.", "outside"))
        elif not path.name.endswith(ABOUT):
            yield path


def _take(path: Path, root: Path, tree: Tree) -> None:
    family, number = path.parent.name, path.name.removesuffix(".json")
    if not _FAMILY.fullmatch(family) or not (path.name == FAMILY or _NUMBER.fullmatch(number)):
        message = "A file is <family>/<major.minor.patch>.json or <family>/family.json."
        tree.faults.append(Fault(_name(path, root), message, "name"))
        return
    value = _json(path, root, tree)
    if value is None:
        return
    if path.name == FAMILY:
        tree.families[family] = value | {"key": family} if isinstance(value, dict) else {"key": family}
        return
    beside = path.with_name(f"{number}{ABOUT}")
    about = _json(beside, root, tree) if beside.exists() else {}
    told = {name: part for name, part in (about or {}).items() if name not in _TOLD_BY_PLACE}
    tree.versions[family, number] = told | {
        "key": key_of(family, number), "family": family, "number": number, "schema": value,
    }  # fmt: skip


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root))


def _json(path: Path, root: Path, tree: Tree) -> Any:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES // 1024} kB")
        return orjson.loads(text)
    except (OSError, ValueError) as error:
        tree.faults.append(Fault(_name(path, root), f"It cannot be read as JSON: {error}", "not_json"))
        return None


def write(root: Path, families: list[dict[str, Any]], versions: list[dict[str, Any]]) -> list[str]:
    """Write documents into a directory; only files whose content differs are touched. Returns those, in order."""
    lock_before = read(root).lock if root.is_dir() else {}
    wanted: dict[str, bytes] = {}
    for one in families:
        told = {name: part for name, part in one.items() if name != "key"}
        wanted[f"{one['key']}/{FAMILY}"] = canonical(told)
    for one in versions:
        place = f"{one['family']}/{one['number']}"
        wanted[f"{place}.json"] = canonical(one["schema"])
        about = {name: part for name, part in one.items() if name not in _TOLD_BY_PLACE}
        wanted[f"{place}{ABOUT}"] = canonical(about)
    locked = lock_before | {f"{one['family']}/{one['number']}": digest(one["schema"]) for one in versions}
    wanted[LOCK] = canonical(locked)
    changed = []
    for name, content in sorted(wanted.items()):
        path = root / name
        if path.exists() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        changed.append(name)
    return changed
