"""Facades from the files of a registry: documents of connectors as YAML or JSON, or one JSON answer with many of them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from connectors.facades.bans import MODULE_NAME, NPM_NAME, PYTHON_NAME, Facade
from portal.files.reading import Unreadable, read

MOST_FILES = 20_000
KEY = r"[a-z][a-z0-9._-]{0,59}"
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class NoSource(ValueError):
    """The facades cannot be read; the message says which file and why."""


def from_files(paths: Iterable[Path]) -> list[Facade]:
    """The facades that the files tell of, those in folders included. Raises NoSource."""
    found: set[Facade] = set()
    seen: dict[str, Path] = {}
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise NoSource("There is no file of the registry: name registry/connectors or an exported JSON file.")
    if len(files) > MOST_FILES:
        raise NoSource(f"There are more than {MOST_FILES} files of the registry.")
    for file in files:
        for document in _documents(file):
            key = str(document["key"])
            if key in seen:
                raise NoSource(f"{file}: “{key}” stands in {seen[key]}, too.")
            seen[key] = file
            facade = _facade(file, document)
            if facade is not None:
                found.add(facade)
    return sorted(found)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES and one.is_file())
    else:
        yield path


def _documents(file: Path) -> list[dict[str, Any]]:
    """The documents of connectors in one file; files of other kinds hold none."""
    try:
        value = read(file.read_bytes())
    except OSError as error:
        raise NoSource(f"{file}: {error.strerror}.") from None
    except Unreadable as error:
        raise NoSource(f"{file}: {error}") from None
    if isinstance(value, dict):
        # A bundle names its list; a page of the API, too.
        many = value.get("connectors", value.get("results"))
        value = many if isinstance(many, list) else [value]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise NoSource(f"{file}: it holds no document of a connector.")
    documents = [one["document"] if isinstance(one.get("document"), dict) else one for one in value]
    if any(not isinstance(one.get("key"), str) for one in documents):
        raise NoSource(f"{file}: a document has no key.")
    return documents


def _facade(file: Path, document: dict[str, Any]) -> Facade | None:
    told = document.get("facade") or {}
    sound = isinstance(told, dict) and _names([told.get("module") or "_"], MODULE_NAME)
    for name, pattern in (("python_packages", PYTHON_NAME), ("npm_packages", NPM_NAME)):
        sound = sound and _names(told.get(name) or [], pattern)
    if not sound or not re.fullmatch(KEY, document["key"]):
        raise NoSource(f"{file}: the facade of “{document['key'][:60]}” is not as a connector says it.")
    return Facade.of(document)


def _names(value: Any, pattern: str) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in value)
