"""`manage.py schemas check|export|import|drift|types PATH`: event schemas as files of a repository."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events import exchange, files, types
from events.checking import faults_of
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User


class Command(BaseCommand):
    """Exits with 1 when a check finds something, with 2 when it cannot be run."""

    help = (
        "Check, export, import or compare event schemas under PATH (docs/schemas/events), or generate types from them."
    )
    # A check needs no database, so that a build without one can run it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        parser.add_argument("what", choices=["check", "export", "import", "drift", "types"])
        parser.add_argument("path", type=Path)
        parser.add_argument("--as", dest="username", default="", help="who opens the changes of an import")
        parser.add_argument("--language", choices=list(types.LANGUAGES), help="what types are generated in")
        parser.add_argument("--out", type=Path, help="where generated types are written")
        parser.add_argument("--generator", default="", help="the generator, where it is not found by itself")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        if options["what"] == "export":
            for name in exchange.export(path):
                self.stdout.write(name)
            return
        tree = files.read(path)
        faults = faults_of(tree)
        for fault in faults:
            self.stderr.write(f"{path / fault.path}: {fault.message} [{fault.code}]")
        if faults:
            raise CommandError(f"{len(faults)} thing(s) must be put right.", returncode=1)
        if options["what"] == "check":
            self.stdout.write(f"{len(tree.versions)} versions of {len(tree.families)} families are sound.")
        elif options["what"] == "drift":
            self._drift(tree)
        elif options["what"] == "types":
            self._types(tree, options)
        else:
            self._import(tree, options["username"])

    def _drift(self, tree: files.Tree) -> None:
        found = exchange.drift(tree)
        for one in found:
            self.stdout.write(f"{one.how}: {one.path or one.key}")
        if found:
            raise CommandError(f"{len(found)} difference(s) between files and registry.", returncode=1)
        self.stdout.write("Files and registry agree.")

    def _import(self, tree: files.Tree, username: str) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
        for one in exchange.open_changes(actor=Actor.of(user), tree=tree, now=database_now()):
            shown = f"{one.change.human_id} {one.note}".strip() if one.change else f"refused: {one.note}"
            self.stdout.write(f"{one.path}: {shown}")

    def _types(self, tree: files.Tree, options: dict[str, Any]) -> None:
        if not options["language"] or not options["out"]:
            raise CommandError("Say in what and where: --language python|typescript --out DIR.", returncode=2)
        try:
            texts = types.generated(tree, options["language"], options["generator"])
        except types.MissingTool as error:
            raise CommandError(str(error), returncode=2) from None
        except types.GeneratorFailed as error:
            raise CommandError(str(error), returncode=1) from None
        for name in types.write(options["out"], texts):
            self.stdout.write(name)
