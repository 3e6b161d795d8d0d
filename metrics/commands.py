"""`manage.py registry metrics export|check|seed`: the dictionary as a module of code, code that keeps to it, first entries."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import transaction
from django.utils import timezone

from metrics import modules, seed
from metrics.checking import Dictionary, findings_of, sarif
from metrics.models import Metric
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Refusal


class Metrics:
    """The topic of metrics."""

    help = "Write the module from which code imports metric keys, check that code does, or propose the first metrics."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        chosen = parser.add_subparsers(dest="what", required=True, metavar="what")
        export = chosen.add_parser("export", help="write the module")
        export.add_argument("--format", choices=modules.FORMATS, default="python", help="of the module (python)")
        export.add_argument("--out", type=Path, help="the file of the module; standard output where none is named")
        check = chosen.add_parser("check", help="find keys that stand as text, are put together, unknown or out of use")
        check.add_argument("paths", type=Path, nargs="+", help="files and directories of code and modules")
        check.add_argument("--dictionary", type=Path, help="check by this JSON export, without a database")
        check.add_argument("--sarif", type=Path, help="write what is found to this file, too")
        propose = chosen.add_parser("seed", help="propose the first metrics")
        propose.add_argument("--as", dest="username", default="", help="who opens the changes")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do what is asked for."""
        if options["what"] == "seed":
            _seed(options["username"], out)
            return
        if options["what"] == "check":
            _check(options, out)
            return
        text = modules.module(keyed(), options["format"])
        path: Path | None = options["out"]
        if path is None:
            out.write(text.decode(), ending="")
        elif not path.exists() or path.read_bytes() != text:
            path.write_bytes(text)
            out.write(str(path))


def keyed() -> list[modules.Keyed]:
    """The whole dictionary as the module tells it: one query."""
    rows = Metric.objects.order_by("key").values_list("document", "version", "state")
    return [modules.Keyed(document, version, state) for document, version, state in rows]


def _check(options: dict[str, Any], out: OutputWrapper) -> None:
    found = findings_of(options["paths"], _dictionary(options["dictionary"]))
    if options["sarif"]:
        options["sarif"].write_text(json.dumps(sarif(found), indent=2))
    for one in found:
        out.write(str(one))
    if found:
        raise CommandError(f"{len(found)} thing(s) must be put right.", returncode=1)
    out.write("Nothing found.")


def _dictionary(path: Path | None) -> Dictionary:
    try:
        if path is not None:
            return Dictionary.read(path.read_bytes(), timezone.now().date())
        return Dictionary.of(keyed(), timezone.now().date())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.", returncode=2) from None
    except ValueError as error:
        raise CommandError(f"{path}: {error}", returncode=2) from None


def _seed(username: str, out: OutputWrapper) -> None:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
    for document in seed.documents():
        key = document["key"]
        waiting = ChangeRequest.objects.filter(kind="metric", key=key, state__in=OPEN_STATES).first()
        if waiting is not None or Metric.objects.filter(key=key).exists():
            out.write(f"{key}: {waiting.human_id + ' is open already' if waiting else 'is registered'}")
            continue
        try:
            with transaction.atomic():
                change = services.propose(
                    actor=Actor.of(user),
                    kind_name="metric",
                    key=key,
                    draft=Draft(document=document),
                    now=database_now(),
                )
        except Refusal as refusal:
            raise CommandError(refusal.message, returncode=1) from None
        out.write(f"{key}: {change.human_id} is a draft; give it its evidence and submit it")
