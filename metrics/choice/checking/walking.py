"""From a path to findings: which files are looked at, and by what."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from metrics.checking.findings import Finding
from metrics.checking.typescript import scan
from metrics.checking.walking import LEFT_OUT
from metrics.choice.catalogs import Catalog, others
from metrics.choice.checking import decisions, lines, python
from metrics.choice.register import Register
from metrics.choice.rules import TOPIC
from metrics.decisions import adr

MOST_BYTES = 16 * 1024 * 1024
SCRIPTS = frozenset({".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"})
JVM = frozenset({".java", ".kt", ".scala", ".groovy"})
DEPENDENCIES = frozenset({
    "pyproject.toml", "setup.cfg", "pipfile", "pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "environment.yml",
    "environment.yaml", "package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "pom.xml", "build.gradle",
    "build.gradle.kts", "build.sbt", "libs.versions.toml",
})  # fmt: skip
CONFIGURATION = frozenset({
    ".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".sh", ".tf", ".tfvars", ".json", ".hcl", ".xml",
})  # fmt: skip
_NAMED = ("dockerfile", "containerfile", ".env", "makefile", "jenkinsfile")
# From what files are called after: requirements.txt, requirements-dev.in, dev-requirements.txt, constraints.txt.
_PINS = ("requirements", "constraints")
Use = tuple[int, str, str]


@dataclass
class Looked:
    """What one look found: findings, how many files were read, and which files rule the topic."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    ruling: list[str] = field(default_factory=list)


def look(roots: Iterable[Path], register: Register, *, needs_decision: bool = False) -> Looked:
    """Everything under the paths that does not keep to the choice, sorted; links are not followed."""
    found, known = Looked(), list[tuple[str, adr.Read]]()
    foreign = others(register.choice)
    for root in roots:
        local = _local(root)
        for path in _files(root):
            found.files += 1
            shown = path.as_posix()
            try:
                with path.open("rb") as file:
                    raw = file.read(MOST_BYTES + 1)
            except OSError as error:
                found.findings.append(Finding(shown, 1, "unreadable", f"It cannot be read: {error.strerror}."))
                continue
            if decisions.is_one(path.relative_to(root) if root.is_dir() else path):
                one = decisions.read(shown, raw)
                if isinstance(one, Finding):
                    found.findings.append(one)
                else:
                    known.append((shown, one))
                continue
            found.findings += _of(shown, path, raw, foreign, local)
        if needs_decision and not any(_rules(one) for _path, one in known):
            words = f"No decision file here rules lineage: keep {register.decision.upper()} in docs/decisions."
            found.findings.append(Finding(root.as_posix(), 1, "decision-missing", words))
    found.findings = sorted({*found.findings, *decisions.findings(known, register)})
    found.ruling = [path for path, one in known if _rules(one)]
    return found


def _rules(one: adr.Read) -> bool:
    return one.status == adr.ACCEPTED and any(rule["topic"] == TOPIC for rule in one.document["decides"])


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink() and (_reader(path) is not None or decisions.is_one(path.relative_to(root))):
                yield path


def _local(root: Path) -> frozenset[str]:
    """The repository's own top modules, which may be called as a client is: at its root and under src/."""
    if not root.is_dir():
        return frozenset()
    found = set()
    for place in (root, root / "src"):
        if place.is_dir():
            found |= {one.parent.name for one in place.glob("*/__init__.py")} | {one.stem for one in place.glob("*.py")}
    return frozenset(found)


def _of(shown: str, path: Path, raw: bytes, foreign: tuple[Catalog, ...], local: frozenset[str]) -> Iterator[Finding]:
    reader = _reader(path)
    if reader is None:
        return
    if len(raw) > MOST_BYTES:
        yield Finding(shown, 1, "unreadable", f"It is larger than {MOST_BYTES // 1024 // 1024} MB.")
        return
    name = path.name.lower()
    for one in foreign:
        if name in one.files:
            yield Finding(shown, 1, "second-catalog", _words(one.name, f"is a configuration of {one.name}"))
    try:
        for line, catalog, what in reader(raw, foreign, local):
            yield Finding(shown, line, "second-catalog", _words(catalog, what))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", 1) or 1
        yield Finding(shown, line, "unreadable", f"It cannot be read as what its name says: {str(error)[:200]}")


def _words(catalog: str, what: str) -> str:
    return f"It {what}: “{catalog}” was not chosen for lineage."


Reader = Callable[[bytes, tuple[Catalog, ...], frozenset[str]], Iterator[Use]]


def _reader(path: Path) -> Reader | None:
    """How a file is looked at, by its name."""
    name, ending = path.name.lower(), path.suffix.lower()
    if ending in (".py", ".pyi"):
        return python.uses
    if ending == ".ipynb":
        return _notebook
    if ending in SCRIPTS:
        return _script
    if ending in JVM and name not in DEPENDENCIES:
        return lambda raw, foreign, local: lines.jvm_uses(raw.decode(errors="replace"), foreign)
    pinned = ending in (".txt", ".in") and any(word in name for word in _PINS)
    if name in DEPENDENCIES or pinned:
        return lambda raw, foreign, local: lines.uses(raw.decode(errors="replace"), foreign, dependencies=True)
    if ending in CONFIGURATION or name.startswith(_NAMED) or any(name in one.files for one in others("")):
        # A Dockerfile or a script installs packages by their names.
        installs = ending == ".sh" or name.startswith(_NAMED)
        return lambda raw, foreign, local: lines.uses(raw.decode(errors="replace"), foreign, dependencies=installs)
    return None


def _script(raw: bytes, foreign: tuple[Catalog, ...], local: frozenset[str]) -> Iterator[Use]:
    """Packages of npm after `from`, `import` and `require(`."""
    before = ["", ""]
    for token in scan(raw.decode("utf-8-sig")):
        if token.kind == "text" and (before[1] in ("from", "import") or before in (["require", "("], ["import", "("])):
            package = "/".join(token.value.split("/")[: 2 if token.value.startswith("@") else 1])
            yield from (
                (token.line, one.name, f"imports {package}") for one in foreign if lines.package_of(package, one)
            )
        before = [before[1], token.value]


def _notebook(raw: bytes, foreign: tuple[Catalog, ...], local: frozenset[str]) -> Iterator[Use]:
    """The code cells of a notebook; the line is that of the cell's source in the file."""
    text = raw.decode("utf-8-sig")
    told = json.loads(text)
    cells = told.get("cells") if isinstance(told, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        source = cell.get("source") if isinstance(cell, dict) and cell.get("cell_type") == "code" else None
        rows = source if isinstance(source, list) else [source] if isinstance(source, str) else []
        code = "".join(row for row in rows if isinstance(row, str))
        plain = "\n".join("" if row.lstrip()[:1] in ("%", "!", "?") else row for row in code.splitlines())
        installs = "\n".join(row for row in code.splitlines() if row.lstrip()[:1] in ("%", "!"))
        line = text[: max(text.find(json.dumps(rows[0])[1:-1]), 0)].count("\n") + 1 if rows else 1
        yield from ((line, one, what) for _row, one, what in lines.uses(installs, foreign, dependencies=True))
        try:
            yield from ((line, one, what) for _row, one, what in python.uses(plain, foreign, local))
        except SyntaxError:
            # A cell of another language, or one that was left half-written: nothing of it runs as Python.
            continue
