"""`manage.py registry schemas check|export|import|drift|types PATH`: event schemas as files of a repository."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser, OutputWrapper

from events import exchange, files, live, types
from events.checking import faults_of
from portal.operations.services import database_now
from portal.outbound.secrets import CredentialError, resolve
from portal.people.actors import Actor
from portal.people.models import User


class Schemas:
    """The topic of event schemas. What it generates or checks needs no database."""

    help = (
        "Check, export, import or compare event schemas under PATH (docs/schemas/events), or generate types from them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        parser.add_argument("what", choices=["check", "export", "import", "drift", "types"])
        parser.add_argument("path", type=Path)
        parser.add_argument("--as", dest="username", default="", help="who opens the changes of an import")
        parser.add_argument("--registry", default="", help="the address of a live registry to compare the files with")
        parser.add_argument("--credential", default="", help="for it, by reference: env:CREDENTIAL_NAME or file:NAME")
        parser.add_argument("--language", choices=list(types.LANGUAGES), help="what types are generated in")
        parser.add_argument("--out", type=Path, help="where generated types are written")
        parser.add_argument("--generator", default="", help="the generator, where it is not found by itself")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do what is asked for; the files are checked before anything else is done with them."""
        path: Path = options["path"]
        if options["what"] == "export":
            for name in exchange.export(path):
                out.write(name)
            return
        tree = files.read(path)
        faults = faults_of(tree)
        for fault in faults:
            err.write(f"{path / fault.path}: {fault.message} [{fault.code}]")
        if faults:
            raise CommandError(f"{len(faults)} thing(s) must be put right.", returncode=1)
        if options["what"] == "check":
            out.write(f"{len(tree.versions)} versions of {len(tree.families)} families are sound.")
        elif options["what"] == "drift":
            _drift(tree, options, out)
        elif options["what"] == "types":
            _types(tree, options, out)
        else:
            _import(tree, options["username"], out)


def _drift(tree: files.Tree, options: dict[str, Any], out: OutputWrapper) -> None:
    found = _differences(tree, options)
    for one in found:
        out.write(f"{one.how}: {one.path or one.key}")
    if found:
        raise CommandError(f"{len(found)} difference(s) between files and registry.", returncode=1)
    out.write("Files and registry agree.")


def _differences(tree: files.Tree, options: dict[str, Any]) -> list[exchange.Difference]:
    """With the live registry that is named, or with what is registered here."""
    if not options["registry"]:
        return exchange.drift(tree)
    try:
        credential = resolve(options["credential"], secret_dir=settings.SECRET_DIR)
        return live.drift(tree, live.LiveRegistry(options["registry"], credential))
    except (CredentialError, live.RegistryUnreachable) as error:
        raise CommandError(str(error), returncode=2) from None


def _import(tree: files.Tree, username: str, out: OutputWrapper) -> None:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
    for one in exchange.open_changes(actor=Actor.of(user), tree=tree, now=database_now()):
        shown = f"{one.change.human_id} {one.note}".strip() if one.change else f"refused: {one.note}"
        out.write(f"{one.path}: {shown}")


def _types(tree: files.Tree, options: dict[str, Any], out: OutputWrapper) -> None:
    if not options["language"] or not options["out"]:
        raise CommandError("Say in what and where: --language python|typescript --out DIR.", returncode=2)
    try:
        texts = types.generated(tree, options["language"], options["generator"])
    except types.MissingTool as error:
        raise CommandError(str(error), returncode=2) from None
    except types.GeneratorFailed as error:
        raise CommandError(str(error), returncode=1) from None
    for name in types.write(options["out"], texts):
        out.write(name)
