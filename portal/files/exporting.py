"""Writing what is registered as files: the exact inverse of planning, comments aside."""

import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from portal.files import tree
from portal.files.layout import FILED, STATE, SUFFIX, file_of, name_of
from portal.files.reading import Unreadable, read
from portal.registry.documents import digest
from portal.registry.kinds import Kind
from portal.registry.models import EntryState


class NotWritable(Exception):
    """A file cannot be written, or stands where something else is."""


def exported(root: Path, wanted: Sequence[Kind]) -> list[Kind]:
    """The kinds that an export writes where none is named: those of a form of their own only where they are here already."""
    present = set(tree.collections_in(root)) if root.is_dir() else set()
    return [kind for kind in wanted if not kind.own_files or kind.collection in present]


def export(root: Path, wanted: Sequence[Kind]) -> Iterator[str]:
    """Write every entry in force or on its way out; gives the files that changed. Raises NotWritable.

    A file that says the same already is left as it is, with the comments that people wrote into it.
    """
    for kind in wanted:
        rows = kind.entries().filter(state__in=FILED).select_related(None).order_by("key")
        ready = False
        for key, state, document, held in rows.values_list("key", "state", "document", "digest").iterator(
            chunk_size=500
        ):
            if not ready:
                _directory(root / kind.collection)
                ready = True
            name = name_of(kind, key)
            before = _before(root / name)
            content = file_of(kind, document, state)
            if before == content or (before is not None and _says(before, state) in (held, digest(document))):
                continue
            _write(root / name, content)
            yield name


def _directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"{tree.shown(str(path))}: {error.strerror}.") from None
    if path.is_symlink():
        raise NotWritable(f"{tree.shown(str(path))}: It is a link; nothing is written through links.")


def _before(path: Path) -> bytes | None:
    """What the file holds now, if there is one."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotWritable(f"{tree.shown(str(path))}: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise NotWritable(f"{tree.shown(str(path))}: It is no plain file; it is left as it is.")
    found = tree.bytes_of(path)
    if isinstance(found, str):
        raise NotWritable(f"{tree.shown(str(path))}: {found}")
    return found


def _says(content: bytes, state: str) -> str:
    """The digest of the document in a file, if that asks for this state."""
    try:
        value = read(content, most_bytes=tree.MOST_BYTES)
        if not isinstance(value, dict) or value.pop(STATE, EntryState.ACTIVE.value) != state:
            return ""
        return digest(value)
    except (Unreadable, TypeError, ValueError):
        return ""


def _write(path: Path, content: bytes) -> None:
    """The whole file or none of it. The name begins with a dot until then, so that nothing reads it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        try:
            with beside.open("xb") as file:
                file.write(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritable(f"{tree.shown(str(path))}: {error.strerror}.") from None


def prune(root: Path, wanted: Sequence[Kind]) -> Iterator[str]:
    """Remove the files of retired entries; gives those removed. Raises NotWritable.

    A file of an entry that was never registered is somebody's proposal and stays; so does what is no file of an entry.
    """
    retired = {
        (kind.collection, key): kind
        for kind in wanted
        for key in kind.entries().filter(state=EntryState.RETIRED).values_list("key", flat=True)
    }
    for one in [*tree.files_in(root, wanted)] if root.is_dir() else []:
        if isinstance(one, tree.EntryFile) and retired.get((one.kind.collection, one.key)) is one.kind:
            path = root / one.kind.collection / f"{one.key}{SUFFIX}"
            try:
                path.unlink()
            except OSError as error:
                raise NotWritable(f"{tree.shown(str(path))}: {error.strerror}.") from None
            yield one.path
