"""`manage.py registry import PATH --format mcp|openapi|airbyte`: a description of others becomes a draft."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from connectors.importing.answers import import_answer
from connectors.importing.service import FORMATS, MOST_BYTES, imported, open_draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Refusal


class Import:
    """The topic of importing a connector."""

    help = "Read an MCP server.json, an OpenAPI 3 document or Airbyte metadata: the draft of a connector, and what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to read, and what to do with it."""
        parser.add_argument("path", type=Path, help="the file, JSON or YAML")
        parser.add_argument("--format", choices=list(FORMATS), required=True, help="of the file")
        parser.add_argument(
            "--key", default="", help="the key of the connector; made from the name where none is given"
        )
        parser.add_argument("--owner", default="", help="the key of the owner team")
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="TAG|/PATH",
            help="of OpenAPI: only these operations; repeat it",
        )
        parser.add_argument("--as", dest="username", default="", help="open a draft change in the name of this user")

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Print what was read as JSON, remarks to the other stream; open the draft where somebody is named."""
        path: Path = options["path"]
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.", returncode=2) from None
        user = None
        if options["username"]:
            user = User.objects.filter(username=options["username"], is_active=True).first()
            if user is None:
                raise CommandError("Name an active user who opens the change: --as USERNAME.", returncode=2)
        try:
            found = imported(
                content, options["format"], only=options["only"], key=options["key"], owner=options["owner"]
            )
            change = open_draft(actor=Actor.of(user), found=found, now=database_now()) if user else None
        except Refusal as refusal:
            raise CommandError(f"{path}: {refusal.message}", returncode=1) from None
        out.write(json.dumps(import_answer(found, change), indent=2, ensure_ascii=False))
        for one in found.remarks:
            err.write(one)
        missing = ", ".join(found.missing) or "–"
        total = len(found.filled) + len(found.missing)
        err.write(f"{len(found.filled)}/{total} facets are filled; missing: {missing}")
        if change:
            err.write(f"{change.human_id} is a draft; fill what is missing and submit it")
