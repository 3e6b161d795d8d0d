"""What a check is asked for and how it is told, by the command of the portal and by the hook alike."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from connectors.facades.bans import Facade
from connectors.facades.checking import CannotRun, check
from connectors.facades.checking.findings import as_json, sarif

FOUND, NOT_RUN = 1, 2


@dataclass(frozen=True)
class Told:
    """The findings as text, the sentence after them, and the exit code: 0 clean, 1 found, 2 not (all) checked."""

    text: str
    reason: str
    exit_code: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a check, but for where the facades come from."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="path", help="files and folders of code")
    parser.add_argument("--format", choices=["text", "json", "sarif"], default="text", help="of what is found")
    parser.add_argument("--python-only", action="store_true", help="leave JavaScript and TypeScript to others")
    parser.add_argument("--strict", action="store_true", help="warnings count as findings: names computed at run time")
    parser.add_argument("--root", type=Path, action="append", default=[], help="where modules begin; may be repeated")
    parser.add_argument("--exclude", action="append", default=[], help="leave out what this pattern matches")


def told(options: argparse.Namespace, facades: list[Facade]) -> Told:
    """Check by the options, and tell it."""
    try:
        checked = check(
            options.paths,
            facades,
            roots=options.root,
            exclude=options.exclude,
            python_only=options.python_only,
        )
    except CannotRun as error:
        return Told("", str(error), NOT_RUN)
    counted = checked.findings if options.strict else checked.faults
    if options.format == "text":
        text = "".join(f"{one}\n" for one in checked.findings)
    else:
        shown = sarif(checked.findings) if options.format == "sarif" else as_json(checked.findings)
        text = json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    if checked.missed:
        also = f" {len(counted)} thing(s) were found in the rest." if counted else ""
        return Told(text, " ".join(checked.missed) + also, NOT_RUN)
    if counted:
        return Told(text, f"{len(counted)} thing(s) must be put right in {checked.files} files.", FOUND)
    kept = f"{checked.files} files keep to {len(facades)} facades."
    return Told(text, kept if facades else f"{kept} No connector names one yet.", 0)
