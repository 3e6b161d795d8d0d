"""`manage.py gate check R-2026.12 --to prod`: may it be promoted? Exit 0 on a clear yes, 1 on a no, 2 on anything else."""

import sys
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error

from portal.people.actors import Actor
from portal.refusals import Refusal
from severity.gate import services
from severity.gate.answers import gate_answer
from severity.gate.values import Evaluation
from severity.readiness import STAGES

YES, NO, UNKNOWN = 0, 1, 2


class Command(BaseCommand):
    """Ask the gate about one release."""

    help = "Whether a release may be promoted: exit 0 on a clear yes, 1 on a no, 2 where the question has no answer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["check"])
        parser.add_argument("release", help="R-2026.12")
        parser.add_argument("--to", required=True, help=f"One of {', '.join(STAGES[1:])}.")
        parser.add_argument("--json", action="store_true", help="The whole answer as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asked = services.evaluate(options["release"], services.stage_named(options["to"]))
            services.log(asked, by=Actor.system("gate command").name, way="command")
        except Refusal as refusal:
            self.stderr.write(refusal.message)
            sys.exit(UNKNOWN)
        except Error as error:
            self.stderr.write(f"The database does not answer: {str(error).splitlines()[0]}")
            sys.exit(UNKNOWN)
        self._tell(asked, as_json=options["json"])
        sys.exit(YES if asked.allowed else NO)

    def _tell(self, asked: Evaluation, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(gate_answer(asked), option=orjson.OPT_INDENT_2).decode())
            return
        verdict = "may be" if asked.allowed else "may not be"
        self.stdout.write(
            f"{asked.release.upper()} {verdict} promoted to {asked.to} ({asked.at.isoformat(timespec='seconds')})."
        )
        self.stdout.write(asked.note)
        for word, reasons in (("blocks", asked.blocked), ("warns", asked.warnings)):
            for one in reasons:
                since = f" since {one.since.isoformat(timespec='minutes')}" if one.since else ""
                self.stdout.write(f"  {word}: {one.object} {one.what}{since} [{one.rule}] - {one.who}")
        if asked.unlisted:
            self.stdout.write(f"  blocks: {asked.unlisted} more incident(s).")
