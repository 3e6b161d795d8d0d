"""`manage.py registry facade-rules` and `facade-check`: the facade rule for tools and over code."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import DatabaseError

from connectors.facades import registered, telling, writing
from connectors.facades.bans import Facade
from connectors.facades.sources import NoSource, from_files

_FROM = (
    "files or folders of exported connectors (registry/connectors), or one JSON file; without it, the database is asked"
)


class FacadeRules:
    """The topic that writes configuration. With --from it needs no database."""

    help = "Write the facade rule as configuration of ruff, import-linter or ESLint."

    def add_arguments(self, parser: CommandParser) -> None:
        """For which tool, and where to."""
        parser.add_argument("--format", choices=writing.FORMATS, required=True, help="the tool it is for")
        parser.add_argument("--out", type=Path, help="the file; standard output where none is named")
        parser.add_argument("--from", dest="sources", type=Path, action="append", help=_FROM)
        parser.add_argument(
            "--package", action="append", default=[], help="for import-linter: a root package of the code"
        )
        parser.add_argument(
            "--root", action="append", default=[], help="where modules begin, like src; may be repeated"
        )

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Write it; a file that holds it already is left as it is."""
        facades = _facades(options["sources"])
        roots = options["root"] or ["", "src"]
        text = writing.written(options["format"], facades, packages=options["package"], roots=roots)
        if options["format"] == "import-linter":
            for name in writing.unsayable(facades):
                err.write(f"{name}: import-linter cannot forbid a part of a package; ruff and facade-check do.")
        path: Path | None = options["out"]
        if path is None:
            out.write(text, ending="")
            return
        try:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                out.write(str(path))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {getattr(error, 'strerror', error)}.", returncode=2) from None


class FacadeCheck:
    """The topic that checks code. With --from it needs no database."""

    help = "Find code that imports a vendor's package outside of the facade of its connector."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is checked, and how it is told."""
        telling.add_arguments(parser)
        parser.add_argument("--from", dest="sources", type=Path, action="append", help=_FROM)

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Check, tell, and exit with 1 for a finding, with 2 where something could not be checked."""
        facades = _facades(options["sources"])
        told = telling.told(argparse.Namespace(**options), facades)
        out.write(told.text, ending="")
        if told.exit_code:
            raise CommandError(told.reason, returncode=told.exit_code)
        err.write(told.reason)


def _facades(sources: list[Path] | None) -> list[Facade]:
    try:
        return from_files(sources) if sources else registered.registered()
    except NoSource as error:
        raise CommandError(str(error), returncode=2) from None
    except DatabaseError as error:
        message = (
            f"The registry cannot be asked ({str(error).splitlines()[0][:200]}); name exported files: --from PATH."
        )
        raise CommandError(message, returncode=2) from None
