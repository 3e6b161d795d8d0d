"""Python: imports by ruff, imports by name at run time by the syntax tree.

ruff runs with a configuration of its own, so that what the code base says to ruff (its settings, its `noqa`) voids nothing.
"""

import ast
import contextlib
import importlib
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.facades.bans import Ban, Bans
from connectors.facades.checking.files import MOST_BYTES, PYTHON_ENDINGS, File, Roots
from connectors.facades.checking.findings import Finding
from connectors.facades.checking.tools import CannotRun, in_lots, ran

_BANNED = re.compile(r"`([^`]+)` is banned")
_NEWEST = "py314"
_LOADERS = ("import_module", "__import__", "find_spec", "resolve_name", "run_module")
_WORTH_PARSING = re.compile("|".join(_LOADERS).encode())
_TOOL = "ruff is needed to check Python: pip install ruff."


def findings(files: list[File], bans: Bans, roots: Roots) -> Iterator[Finding]:
    """Everything in the Python files. Raises CannotRun where ruff is missing or fails."""
    mine = [one for one in files if one.ending in PYTHON_ENDINGS]
    if not mine or not bans:
        return
    ruff = _ruff()
    sound: list[File] = []
    for file in mine:
        text = _text(file)
        if isinstance(text, Finding):
            yield text
            continue
        sound.append(file)
        if _WORTH_PARSING.search(text):
            yield from _dynamic(file, text, bans, roots)
    yield from _judged(_by_ruff(ruff, sound, bans), {os.path.realpath(one.place): one for one in sound}, bans, roots)


def _ruff() -> str:
    """That of this Python, which its package knows the place of; else that of the PATH. Only developers and pipelines have it."""
    with contextlib.suppress(ImportError, FileNotFoundError):
        return str(importlib.import_module("ruff").find_ruff_bin())
    found = shutil.which("ruff")
    if found is None:
        raise CannotRun(_TOOL)
    return found


def _text(file: File) -> bytes | Finding:
    """What is in a file; ruff would pass over one that it cannot read."""
    try:
        with open(file.place, "rb") as handle:
            text = handle.read(MOST_BYTES + 1)
    except OSError as error:
        return Finding(file.shown, 1, "unreadable", f"It cannot be read: {error.strerror}.")
    if len(text) > MOST_BYTES:
        return Finding(file.shown, 1, "unreadable", f"It is larger than {MOST_BYTES // 1024} kB.")
    try:
        text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        return Finding(file.shown, line, "unreadable", "It is not UTF-8, so that ruff cannot read it.")
    return text


@dataclass(frozen=True)
class _Told:
    path: str
    line: int
    code: str
    message: str


def _by_ruff(ruff: str, files: list[File], bans: Bans) -> Iterator[_Told]:
    banned = "".join(f'{json.dumps(ban.package)}.msg = "x"\n' for ban in bans)
    config = (
        f'target-version = "{_NEWEST}"\nrespect-gitignore = false\n[lint]\nselect = ["TID251"]\n'
        f"[lint.flake8-tidy-imports.banned-api]\n{banned}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ruff-facades.toml")
        path.write_text(config, encoding="utf-8")
        arguments = [ruff, "check", "--config", str(path), "--ignore-noqa", "--no-cache", "--no-fix", "--quiet",
                     "--output-format", "json", "--"]  # fmt: skip
        for lot in in_lots([one.place for one in files]):
            done = ran([*arguments, *lot], cwd=folder)
            if done.returncode not in (0, 1):
                raise CannotRun(f"ruff failed: {done.stderr.strip()[:500]}")
            for one in json.loads(done.stdout or "[]"):
                yield _Told(one["filename"], one["location"]["row"], one["code"] or "", one["message"])
            missed = [line for line in done.stderr.splitlines() if "Failed to" in line]
            if missed:
                raise CannotRun(f"ruff left a file out: {missed[0][:300]}")


def _judged(told: Iterable[_Told], files: dict[str, File], bans: Bans, roots: Roots) -> Iterator[Finding]:
    imports: dict[str, _Imports] = {}
    broken: set[str] = set()
    shadowed: set[str] = set()
    for one in told:
        file = files[os.path.realpath(one.path)]
        if one.code != "TID251":
            if file.place not in broken:
                broken.add(file.place)
                yield Finding(file.shown, one.line, "unreadable", f"It is no Python: {one.message[:200]}.")
            continue
        named = _BANNED.match(one.message)
        ban = bans.by_name[named.group(1)] if named else None
        if ban is None:
            raise CannotRun(f"ruff said what is not understood: {one.message[:200]}")
        if bans.overlapping(ban):
            # ruff names one of several packages that lie in each other; which is meant says the statement itself.
            known = imports.setdefault(file.place, _Imports(file.place))
            found = {bans.of(name) for name in known.at(one.line)} - {None} or {ban}
        else:
            found = {ban}
        for each in found:
            assert each is not None
            if not roots.own(file, each):
                yield from _told(file, one.line, each, roots, shadowed)


def _told(file: File, line: int, ban: Ban, roots: Roots, shadowed: set[str]) -> Iterator[Finding]:
    shadow = roots.shadow(ban.package)
    if not shadow:
        yield Finding(file.shown, line, "import", ban.message, tuple(one.connector for one in ban.facades))
    elif ban.package not in shadowed:
        shadowed.add(ban.package)
        shown = os.path.relpath(shadow)
        yield Finding(
            file.shown, line, "shadowed", f"{ban.package} is a module of this code base ({shown}); {ban.message}"
        )


class _Imports:
    """What the import statements of one file name, by line."""

    def __init__(self, place: str) -> None:
        self._found: list[tuple[int, int, list[str]]] = []
        try:
            tree = _parsed(Path(place).read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            return
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module if one.name == "*" else f"{node.module}.{one.name}" for one in node.names]
            if names:
                assert isinstance(node, ast.stmt)
                self._found.append((node.lineno, node.end_lineno or node.lineno, names))

    def at(self, line: int) -> list[str]:
        """Those of the statements that stand on this line."""
        return [name for first, last, names in self._found if first <= line <= last for name in names]


def _parsed(text: bytes) -> ast.Module:
    with warnings.catch_warnings():
        # What the parser thinks of somebody's escapes is not asked.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _dynamic(file: File, text: bytes, bans: Bans, roots: Roots) -> Iterator[Finding]:
    try:
        tree = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Broken code is told by ruff; what only this Python is too old for is said here.
        line = getattr(error, "lineno", None) or 1
        message = "This Python cannot parse it, so that imports at run time were not looked at."
        yield Finding(file.shown, line, "computed", message)
        return
    aliases = _aliases(tree)
    shadowed: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _loader(node.func, aliases) is None:
            continue
        given = node.args[0] if node.args else next((one.value for one in node.keywords if one.arg in _NAMED), None)
        if given is None:
            continue
        name = _constant(given)
        if name is None:
            yield Finding(file.shown, node.lineno, "computed", "The module's name is computed at run time.")
        elif not name.startswith("."):
            ban = bans.of(name.split(":", maxsplit=1)[0])
            if ban is not None and not roots.own(file, ban):
                for one in _told(file, node.lineno, ban, roots, shadowed):
                    yield one if one.warning else Finding(one.path, one.line, "dynamic", one.message, one.connectors)


_NAMED = ("name", "mod_name")


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Names under which a file knows what loads modules: `from importlib import import_module as load`."""
    found = {"__import__": "__import__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {one.asname or one.name: one.name for one in node.names if one.name in _LOADERS}
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name | ast.Attribute)
            and (_last(node.value) in _LOADERS)
        ):
            found |= {one.id: _last(node.value) for one in node.targets if isinstance(one, ast.Name)}
    return found


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _loader(node: ast.expr, aliases: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return aliases.get(node.id)
    return node.attr if isinstance(node, ast.Attribute) and node.attr in _LOADERS else None


def _constant(node: ast.expr) -> str | None:
    """The text that an expression of constants makes."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _constant(node.left), _constant(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [_constant(one) for one in node.values]
        return None if None in parts else "".join(one for one in parts if one is not None)
    return None
