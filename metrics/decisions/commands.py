"""`manage.py registry decisions export|import`: decisions as files of MADR 4 or adr-tools."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from metrics.decisions import adr, exchange
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User


class Decisions:
    """The topic of decisions."""

    help = "Write the accepted decisions as files, or open changes for the decisions of files."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        chosen = parser.add_subparsers(dest="what", required=True, metavar="what")
        export = chosen.add_parser("export", help="write every accepted decision as a file")
        export.add_argument("path", type=Path, help="the directory of the files, such as docs/decisions")
        export.add_argument("--format", choices=adr.FORMATS, default=adr.MADR, help="of the files (madr)")
        take = chosen.add_parser("import", help="open a draft change for every decision that is not registered")
        take.add_argument("paths", type=Path, nargs="+", help="files and directories of MADR 4 or adr-tools")
        take.add_argument("--as", dest="username", default="", help="who opens the changes")
        take.add_argument("--owner", default="", help="the team that owns those whose file names none")
        take.add_argument("--decider", action="append", default=[], help="who decided, where the file names nobody")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do what is asked for."""
        try:
            if options["what"] == "export":
                _export(options, out, err)
            else:
                _import(options, out, err)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.", returncode=2) from None


def _export(options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
    for name, lost in exchange.export(options["path"], options["format"]):
        out.write(name)
        if lost:
            err.write(f"{name}: the format cannot carry {', '.join(lost)}")


def _import(options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
    user = User.objects.filter(username=options["username"], is_active=True).first()
    if user is None:
        raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
    opened = exchange.open_changes(
        actor=Actor.of(user), paths=options["paths"], owner=options["owner"], deciders=options["decider"],
        now=database_now(),
    )  # fmt: skip
    for one in opened:
        (err if one.refused else out).write(f"{one.path}: {f'{one.change.human_id} ' if one.change else ''}{one.note}")
        for what in one.left:
            err.write(f"{one.path}: not carried: {what}")
    refused = sum(one.refused for one in opened)
    if refused:
        raise CommandError(f"{refused} file(s) could not be taken.", returncode=1)
