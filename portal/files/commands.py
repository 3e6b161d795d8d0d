"""`manage.py registry plan|apply|export PATH` and `registry schema-of NAME`: entries of every kind as files of a repository."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from portal.files import applying, exporting, telling, tree
from portal.files.applying import Asked
from portal.files.planning import Action, Plan, chosen, plan
from portal.files.reading import Unreadable, read
from portal.files.schemas import names, schema_named
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Missing, Refusal
from portal.registry import kinds
from portal.registry.kinds import Kind

_EXITS = (
    "Exits with 0 where nothing would change, with 1 where something would, with 2 where a file is invalid or PATH cannot"
    " be read."
)


def _path_and_kinds(parser: CommandParser) -> None:
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="the directory that holds connectors/, metrics/ and so on"
    )
    parser.add_argument(
        "--kind", dest="kinds", action="append", default=[], choices=[one.name for one in kinds.all_kinds()],
        metavar="KIND", help="only this kind; repeated for several",
    )  # fmt: skip


def _wanted(options: dict[str, Any]) -> list[Kind]:
    return chosen(list(dict.fromkeys(options["kinds"])))


def _planned(options: dict[str, Any]) -> Plan:
    try:
        return plan(options["path"], _wanted(options), named=bool(options["kinds"]), strict=bool(options["strict"]))
    except tree.NoDirectory as error:
        raise CommandError(str(error), returncode=2) from None


def _strict(parser: CommandParser) -> None:
    parser.add_argument(
        "--strict", action="store_true",
        help="what could not be submitted as things are now is invalid, and not only remarked upon",
    )  # fmt: skip


class PlanTopic:
    """What the files would change."""

    help = f"Print what the files under PATH would change. Nothing is written. {_EXITS}"

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, of which kinds, and how it is told."""
        _path_and_kinds(parser)
        _strict(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text", help="of the plan (text)")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Plan and tell."""
        made = _planned(options)
        if options["format"] == "json":
            out.write(json.dumps(telling.as_data(made), ensure_ascii=False, indent=2))
        else:
            _tell_faults(made, options["path"], err)
            for line in telling.lines(made):
                out.write(line)
        invalid, changing = made.of(Action.INVALID), made.of(Action.CREATE, Action.CHANGE)
        if invalid:
            raise CommandError(f"{len(invalid)} file(s) must be put right.", returncode=2)
        if changing:
            raise CommandError(f"{len(changing)} file(s) would change the registry.", returncode=1)


def _tell_faults(made: Plan, path: Path, err: OutputWrapper) -> None:
    for step in made.of(Action.INVALID):
        for fault in step.faults:
            err.write(f"{tree.shown(str(path))}/{telling.fault_line(fault)}")


class ApplyTopic:
    """Opening changes for what the files say otherwise."""

    help = (
        "Open a change request for every file under PATH that says otherwise than the registry; nothing is written around"
        " the approvals. A repeat opens nothing twice. With an invalid file nothing is opened. Exits with 0 where every"
        " file has its change or needs none, with 1 where some were refused, with 2 where nothing was done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, as whom, and what becomes of the changes."""
        _path_and_kinds(parser)
        _strict(parser)
        parser.add_argument("--as", dest="username", default="", help="who opens the changes")
        parser.add_argument("--submit", action="store_true", help="put them before the approvers too")
        parser.add_argument(
            "--set", dest="tied", action="store_true", help="tie them: they apply together or not at all"
        )
        parser.add_argument("--summary", default="", help="what the changes are for")
        parser.add_argument("--evidence", type=Path, help="a YAML file with the evidence pack of all of them")
        parser.add_argument("--only-valid", action="store_true", help="leave invalid files out, and open the others")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Plan, and open."""
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
        evidence = _evidence(options["evidence"]) if options["evidence"] else None
        made = _planned(options)
        _tell_faults(made, options["path"], err)
        invalid = made.of(Action.INVALID)
        if invalid and not options["only_valid"]:
            raise CommandError(f"{len(invalid)} file(s) must be put right. Nothing was opened.", returncode=2)
        asked = Asked(options["submit"], options["tied"], options["summary"], evidence)
        try:
            opened = applying.apply(actor=Actor.of(user), made=made, asked=asked, now=database_now())
        except Refusal as refusal:
            raise CommandError(f"{refusal.message} Nothing was opened.", returncode=2) from None
        for one in opened:
            named = f"{one.change.human_id} " if one.change else ""
            (err if one.refused else out).write(f"{one.path}: {named}{one.note}")
        for step in made.of(Action.RETIRED):
            err.write(f"{step.path}: {step.key} is retired; the file does nothing.")
        refused = sum(one.refused for one in opened)
        out.write(f"{len(opened) - refused} with a change, {len(made.of(Action.UNCHANGED))} unchanged.")
        if refused or invalid:
            raise CommandError(f"{refused} refused, {len(invalid)} invalid.", returncode=1)


def _evidence(path: Path) -> dict[str, Any]:
    content = tree.bytes_of(path)
    try:
        value = content if isinstance(content, str) else read(content, most_bytes=tree.MOST_BYTES)
    except Unreadable as error:
        raise CommandError(f"{tree.shown(str(path))}: {error}", returncode=2) from None
    if not isinstance(value, dict):
        told = content if isinstance(content, str) else "It must hold a mapping: sources, assumptions and so on."
        raise CommandError(f"{tree.shown(str(path))}: {told}", returncode=2)
    return value


class ExportTopic:
    """What is registered, as files."""

    help = (
        "Write what is registered as files under PATH: the exact inverse of apply, comments aside. Kinds whose files have a"
        " form of their own are written where they are named, or have a directory here already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, of which kinds, and whether files go too."""
        _path_and_kinds(parser)
        parser.add_argument("--prune", action="store_true", help="remove the files of retired entries")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Write, and say which files changed."""
        path, wanted = options["path"], _wanted(options)
        try:
            if not options["kinds"]:
                wanted = exporting.exported(path, wanted)
            for name in exporting.export(path, wanted):
                out.write(name)
            for name in exporting.prune(path, wanted) if options["prune"] else ():
                out.write(f"removed: {name}")
        except (exporting.NotWritable, tree.NoDirectory) as error:
            raise CommandError(str(error), returncode=2) from None


class SchemaTopic:
    """The JSON Schema of the files of a kind."""

    help = "Print the JSON Schema (2020-12) of the files of a kind or collection, for editors."

    def add_arguments(self, parser: CommandParser) -> None:
        """Of what."""
        parser.add_argument("name", metavar="NAME", help=f"one of {', '.join(names())}")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Print it."""
        try:
            out.write(json.dumps(schema_named(options["name"]), ensure_ascii=False, indent=2))
        except Missing as missing:
            raise CommandError(missing.message, returncode=2) from None
