"""`manage.py registry metrics export|import|check|seed`: the dictionary as a module, files of others, code that keeps to it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import transaction
from django.utils import timezone

from metrics import modules, seed
from metrics.checking import Dictionary, findings_of, sarif
from metrics.interchange import exchange
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
        forms = (*modules.FORMATS, *exchange.FORMATS)
        export.add_argument("--format", choices=forms, default="python", help="of the module, or of the interchange")
        export.add_argument("--out", type=Path, help="the file; standard output where none is named")
        export.add_argument("--lossy", type=Path, help="write what an interchange cannot carry to this JSON file")
        take = chosen.add_parser(
            "import", help="open a draft change for every metric of a file that is not registered so"
        )
        take.add_argument("path", type=Path, help="semantic_manifest.json of dbt, or an OSI file")
        take.add_argument("--format", choices=exchange.FORMATS, required=True, help="of the file")
        take.add_argument("--manifest", type=Path, help="manifest.json of dbt, for the owners of groups")
        take.add_argument("--as", dest="username", default="", help="who opens the changes")
        take.add_argument("--lossy", type=Path, help="write what could not be carried to this JSON file")
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
        if options["what"] == "import":
            _import(options, out, err)
            return
        _export(options, out, err)


def _export(options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
    lost: dict[str, list[str]] = {}
    if options["format"] in exchange.FORMATS:
        text, lost = exchange.export(options["format"])
    else:
        text = modules.module(keyed(), options["format"])
    path: Path | None = options["out"]
    try:
        if path is None:
            out.write(text.decode(), ending="")
        elif not path.exists() or path.read_bytes() != text:
            path.write_bytes(text)
            out.write(str(path))
        _tell_lost(lost, options["lossy"], err)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.", returncode=2) from None


def _tell_lost(lost: dict[str, list[str]], path: Path | None, err: OutputWrapper) -> None:
    for place, what in lost.items():
        if what:
            err.write(f"{place}: not carried: {'; '.join(what)}")
    if path is not None:
        path.write_text(json.dumps(lost, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _import(options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
    user = User.objects.filter(username=options["username"], is_active=True).first()
    if user is None:
        raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
    now = database_now()
    try:
        taken = exchange.read(options["path"], options["format"], options["manifest"], now.date().isoformat())
    except exchange.Unreadable as error:
        raise CommandError(f"{options['path']}: {error}", returncode=2) from None
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.", returncode=2) from None
    opened = exchange.open_changes(actor=Actor.of(user), taken=taken, now=now)
    for one in opened:
        (err if one.refused else out).write(f"{one.place}: {f'{one.change.human_id} ' if one.change else ''}{one.note}")
    _tell_lost({one.place: one.lost for one in opened}, options["lossy"], err)
    refused = sum(one.refused for one in opened)
    if refused:
        raise CommandError(f"{refused} metric(s) could not be taken.", returncode=1)


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
