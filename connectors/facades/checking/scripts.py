"""JavaScript and TypeScript, by ESLint: that of the code base, or of the machine.

It runs with a configuration of its own: what the code says to ESLint (settings, `eslint-disable`, suppressions) voids nothing.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.facades.bans import Bans
from connectors.facades.checking.files import MOST_BYTES, SCRIPT_ENDINGS, TYPED_ENDINGS, File, Roots
from connectors.facades.checking.findings import Finding
from connectors.facades.checking.tools import CannotRun, in_lots, ran
from connectors.facades.eslint import COMPUTED, check_text

PARSERS = ("@typescript-eslint/parser", "typescript-eslint", "@babel/eslint-parser")
# What stands between two quotes: every text of a file, and what lies between two of them.
_QUOTED = re.compile(r"(?<=[\"'`])[^\"'`\n]{1,250}(?=[\"'`])")
_ESCAPE = re.compile(r"\\(?:u\{0*([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))")
_GOES_ON = re.compile(r"\\\r?\n")
# Something is loaded at run time, by more than one plain text.
_LOADS = re.compile(r"\b(?:require|import)(?=\s*[(/.?])(?!\s*\(\s*([\"'])[^\"'\\\n]*\1\s*[),])")


@dataclass(frozen=True)
class Tools:
    """What was found: ESLint, and a parser of TypeScript, each empty where there is none."""

    eslint: str = ""
    parser: str = ""


def tools(places: list[str]) -> Tools:
    """Looked for in the node_modules of the paths and above, then on the PATH."""
    above = dict.fromkeys(folder for place in places for folder in _above(Path(place)))
    modules = [one for folder in above if (one := folder / "node_modules").is_dir()]
    eslint = next((str(one) for each in modules if (one := each / ".bin" / "eslint").exists()), "")
    eslint = eslint or shutil.which("eslint") or ""
    if eslint:
        modules += [one for one in Path(os.path.realpath(eslint)).parents if one.name == "node_modules"]
    parser = next((str(one) for each in modules for name in PARSERS if (one := each / name).is_dir()), "")
    return Tools(eslint, parser)


def _above(place: Path) -> Iterator[Path]:
    yield from (place, *place.parents)


def findings(files: list[File], bans: Bans, roots: Roots, found: Tools) -> Iterator[Finding]:
    """Everything in the files of scripts; those of TypeScript only where there is a parser. Raises CannotRun."""
    endings = SCRIPT_ENDINGS | (TYPED_ENDINGS if found.parser else frozenset())
    mine = [one for one in files if one.ending in endings]
    if not mine or not bans:
        return
    sound: list[File] = []
    named: set[str] = set()
    for file in mine:
        text = _text(file)
        if isinstance(text, Finding):
            yield text
            continue
        mentioned = _named(text, bans)
        if mentioned or _LOADS.search(text):
            # Any other file names no vendor, however it is read: ESLint would take seconds to say so.
            sound.append(file)
            named |= mentioned
    if not sound:
        return
    common = os.path.commonpath([os.path.dirname(one.place) for one in sound])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "eslint-facades.mjs")
        config.write_text(check_text(named, found.parser), encoding="utf-8")
        command = [found.eslint, "--config", str(config), "--no-inline-config", "--no-warn-ignored", "--format", "json"]
        by_place = {os.path.realpath(one.place): one for one in sound}
        for lot in in_lots([one.place for one in sound]):
            done = ran([*command, "--", *lot], cwd=common, environment=os.environ | {"ESLINT_USE_FLAT_CONFIG": "true"})
            try:
                told = json.loads(done.stdout) if done.returncode in (0, 1) else None
            except ValueError:
                told = None
            if told is None:
                raise CannotRun(f"ESLint failed: {(done.stderr or done.stdout).strip()[:800]}")
            if len(told) != len(lot):
                raise CannotRun(f"ESLint looked at {len(told)} of {len(lot)} files.")
            for one in told:
                yield from _judged(by_place[os.path.realpath(one["filePath"])], one, bans, roots)


def _text(file: File) -> str | Finding:
    try:
        with open(file.place, "rb") as handle:
            content = handle.read(MOST_BYTES + 1)
    except OSError as error:
        return Finding(file.shown, 1, "unreadable", f"It cannot be read: {error.strerror}.")
    if len(content) > MOST_BYTES:
        return Finding(file.shown, 1, "unreadable", f"It is larger than {MOST_BYTES // 1024} kB.")
    return content.decode("utf-8", "replace")


def _named(text: str, bans: Bans) -> set[str]:
    """The banned packages that a file may name: ESLint is asked for those alone, however many there are."""
    found = set()
    for match in _QUOTED.finditer(_GOES_ON.sub("", text)):
        name = match.group()
        ban = bans.of(_ESCAPE.sub(_unescaped, name) if "\\" in name else name)
        if ban is not None:
            found.add(ban.package)
    return found


def _unescaped(match: re.Match[str]) -> str:
    wide, four, two, octal, plain = match.groups()
    number = int(octal, 8) if octal else int(wide or four or two or "0", 16)
    return plain or (chr(number) if number < 0x110000 else "")


def _judged(file: File, told: dict[str, Any], bans: Bans, roots: Roots) -> Iterator[Finding]:
    seen: set[tuple[int, str]] = set()
    # Those that a file of suppressions hides count as well.
    for one in [*told["messages"], *told.get("suppressedMessages", [])]:
        line = int(one.get("line") or 1)
        if one.get("fatal") or one.get("ruleId") is None:
            yield Finding(file.shown, line, "unreadable", f"It is no script: {str(one['message'])[:200]}")
            continue
        message = str(one["message"])
        package = message if one["ruleId"] == "no-restricted-syntax" else message.rpartition(" ")[2]
        if (line, package) in seen:
            continue
        seen.add((line, package))
        if package == COMPUTED:
            yield Finding(file.shown, line, "computed", "What is imported is computed at run time.")
            continue
        ban = bans.by_name[package]
        if not roots.own(file, ban):
            rule = "dynamic" if one["ruleId"] == "no-restricted-syntax" else "import"
            yield Finding(file.shown, line, rule, ban.message, tuple(each.connector for each in ban.facades))
