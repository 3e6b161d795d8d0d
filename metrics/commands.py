"""`manage.py registry metrics export|seed`: the dictionary as a module of code, and its first entries."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import transaction

from metrics import modules, seed
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

    help = "Write the module from which code imports metric keys, or propose the first metrics."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        parser.add_argument("what", choices=["export", "seed"])
        parser.add_argument("--format", choices=modules.FORMATS, default="python", help="of the module (python)")
        parser.add_argument("--out", type=Path, help="the file of the module; standard output where none is named")
        parser.add_argument("--as", dest="username", default="", help="who opens the changes of a seed")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do what is asked for."""
        if options["what"] == "seed":
            _seed(options["username"], out)
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
