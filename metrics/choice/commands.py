"""`manage.py registry lineage show|seed|export|check`: the one lineage choice, and repositories that keep to it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import transaction

from metrics.checking import sarif
from metrics.choice import register, seed
from metrics.choice.checking import RULES, look
from metrics.models import DecisionRecord, LineageChoice
from metrics.reads import lineage_choice
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Refusal
from portal.registry.documents import Document


class Lineage:
    """The topic of lineage."""

    help = "Show the lineage choice, propose the first one, or check that repositories keep to it."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        chosen = parser.add_subparsers(dest="what", required=True, metavar="what")
        chosen.add_parser("show", help="what is chosen, and by which decision")
        export = chosen.add_parser(
            "export", help="write the choice and its decisions as JSON, for checks without a database"
        )
        export.add_argument("--out", type=Path, help="the file; standard output where none is named")
        check = chosen.add_parser("check", help="decision files, configuration and imports agree with the choice")
        check.add_argument("paths", type=Path, nargs="+", help="repositories, directories or files")
        check.add_argument("--register", type=Path, help="check by this export, without a database")
        check.add_argument("--sarif", type=Path, help="write what is found to this file, too")
        check.add_argument(
            "--needs-decision", action="store_true", help="a path without the decision's file is a fault"
        )
        propose = chosen.add_parser("seed", help="propose the first decision and, once it is accepted, the choice")
        propose.add_argument("--as", dest="username", default="", help="who opens the changes")
        propose.add_argument("--owner", default="", help="the team that owns decision and choice")
        propose.add_argument("--decider", action="append", default=[], help="who decided")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do what is asked for."""
        try:
            {"show": _show, "export": _export, "check": _check, "seed": _seed}[options["what"]](options, out)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.", returncode=2) from None


def _none() -> CommandError:
    return CommandError("There is no lineage choice yet: see `registry lineage seed`.", returncode=2)


def _show(options: dict[str, Any], out: OutputWrapper) -> None:
    choice = lineage_choice()
    if choice is None:
        raise _none()
    decision = choice.ruling.decision
    out.write(
        f"{choice.choice}, by {decision.human_id} “{decision.name}” of {decision.decided_on}, version {choice.version}"
    )


def _export(options: dict[str, Any], out: OutputWrapper) -> None:
    known = register.current()
    if known is None:
        raise _none()
    text = known.as_json()
    path: Path | None = options["out"]
    if path is None:
        out.write(text.decode(), ending="")
    elif not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)
        out.write(str(path))


def _check(options: dict[str, Any], out: OutputWrapper) -> None:
    path: Path | None = options["register"]
    try:
        known = register.read(path.read_bytes()) if path else register.current()
    except ValueError as error:
        raise CommandError(f"{path}: {error}", returncode=2) from None
    if known is None:
        raise _none()
    missing = [str(one) for one in options["paths"] if not one.exists()]
    if missing:
        # A path that was mistyped proves nothing.
        raise CommandError(f"There is no {', '.join(missing)}.", returncode=2)
    looked = look(options["paths"], known, needs_decision=options["needs_decision"])
    if options["sarif"]:
        told = sarif(looked.findings, "registry lineage check", RULES)
        options["sarif"].write_text(json.dumps(told, indent=2))
    for one in looked.findings:
        out.write(str(one))
    if looked.findings:
        raise CommandError(f"{len(looked.findings)} thing(s) do not keep to “{known.choice}”.", returncode=1)
    ruled = f"ruled by {', '.join(looked.ruling)}" if looked.ruling else "no decision file rules it here"
    out.write(f"{looked.files} files keep to “{known.choice}”; {ruled}.")


def _seed(options: dict[str, Any], out: OutputWrapper) -> None:
    user = User.objects.filter(username=options["username"], is_active=True).first()
    if user is None:
        raise CommandError("Name an active user who opens the changes: --as USERNAME.", returncode=2)
    if LineageChoice.objects.exists():
        out.write("There is a choice already.")
        return
    if DecisionRecord.objects.filter(key=seed.FIRST).exists():
        _open("lineage_choice", seed.choice(options["owner"]), user, out)
        return
    day: date = database_now().date()
    _open("decision", seed.decision(options["owner"], day.isoformat(), options["decider"]), user, out)
    out.write("Once it is accepted, run this again for the choice.")


def _open(kind: str, document: Document, user: User, out: OutputWrapper) -> None:
    key = document["key"]
    waiting = ChangeRequest.objects.filter(kind=kind, key=key, state__in=OPEN_STATES).first()
    if waiting is not None:
        out.write(f"{key}: {waiting.human_id} is open already")
        return
    try:
        with transaction.atomic():
            draft = Draft(document=document)
            change = services.propose(actor=Actor.of(user), kind_name=kind, key=key, draft=draft, now=database_now())
    except Refusal as refusal:
        raise CommandError(refusal.message, returncode=1) from None
    out.write(f"{key}: {change.human_id} is a draft; give it its evidence and submit it")
