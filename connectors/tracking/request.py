"""Checking what a caller asks for, before anything is written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from connectors.tracking import ways
from connectors.tracking.clocks import Clocks, clocks_of
from portal.people.models import Team
from portal.refusals import Invalid, Problem
from portal.registry.documents import Document, bounds_problem, canonical
from portal.registry.models import EntryState

MAX_ARGUMENTS = 64 * 1024
MAX_PROBLEMS = 50
MAX_KEY = 200


@dataclass(frozen=True)
class Wanted:
    """What a caller asks for. `owner_key` empty means the connector's owner, `sla` overrides single clocks."""

    connector_key: str
    operation: str
    idempotency_key: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    owner_key: str = ""
    sla: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Checked:
    """The request with everything looked up and sound."""

    connector: Connector
    owner: Team
    arguments: Document
    clocks: Clocks
    digest: str


def arguments_digest(operation: str, arguments: Mapping[str, Any]) -> str:
    """What two requests under one idempotency key are compared by: sha256 in hex over operation and arguments."""
    return hashlib.sha256(canonical({"operation": operation, "arguments": arguments})).hexdigest()


def check(wanted: Wanted, *, with_arguments: bool, to_start: bool = True) -> Checked:
    """Look everything up and say all that is wrong at once. Raises Invalid with paths."""
    connector = _connector(wanted.connector_key, to_start=to_start)
    operation = next((one for one in connector.operations if one["name"] == wanted.operation), None)
    problems: list[Problem] = []
    if operation is None:
        known = ", ".join(one["name"] for one in connector.operations)
        problems.append(Problem("operation", _("Not in the contract. Known: %s.") % known, "not_in_contract"))
    if not wanted.idempotency_key or len(wanted.idempotency_key) > MAX_KEY or not wanted.idempotency_key.isprintable():
        text = _("Needed: 1 to %d printable characters.") % MAX_KEY
        problems.append(Problem("idempotency_key", text, "idempotency_key"))
    owner: Team | None = connector.owner
    # Whoever answers for its long operations by its runbook, unless the request names somebody.
    named = wanted.owner_key or (connector.document["runtime_tool"].get("runbook") or {}).get("owner", "")
    if named:
        owner = Team.objects.filter(key=named).first()
    if owner is None:
        problems.append(Problem("owner", _("There is no team “%s”.") % named[:60], "no_such_team"))
    arguments = dict(wanted.arguments)
    bounds = bounds_problem(arguments)
    if bounds is not None or len(canonical(arguments)) > MAX_ARGUMENTS:
        text = bounds.message if bounds else _("The arguments are larger than %d kB.") % (MAX_ARGUMENTS // 1024)
        problems.append(Problem("arguments", text, bounds.code if bounds else "too_large"))
    elif operation is not None and with_arguments:
        problems += argument_problems(connector, operation, arguments)
    clocks, wrong = clocks_of(connector.document["runtime_tool"]["task_sla"], wanted.sla or {})
    problems += wrong
    if problems or owner is None or clocks is None:
        raise Invalid("task", _("%d thing(s) must be put right before this can be accepted.") % len(problems), problems)
    return Checked(connector, owner, arguments, clocks, arguments_digest(wanted.operation, arguments))


def _connector(key: str, *, to_start: bool) -> Connector:
    connector = Connector.objects.select_related("owner").filter(key=key[:60]).first()
    if connector is None:
        message = _("There is no connector “%s”.") % key[:60]
        raise Invalid("connector", message, [Problem("connector", message, "no_such_connector")])
    message = ""
    if connector.kind != ConnectorKind.RUNTIME_TOOL:
        message = _("“%s” is a data movement; only runtime tools have tasks.") % connector.key
    elif connector.state != EntryState.ACTIVE:
        message = _("“%(key)s” is %(state)s; only active connectors start tasks.") % {
            "key": connector.key,
            "state": connector.get_state_display(),
        }
    elif ways.name_of(connector.document) is None:
        message = (
            _("“%s” is plain HTTP and names no way to observe its long operations, so it has no tasks.") % connector.key
        )
    elif to_start and not ways.starts(connector.document):
        message = (
            _("The operations of “%s” are started elsewhere: give the id of what was started as remote_task_id.")
            % connector.key
        )
    if message:
        raise Invalid("connector", message, [Problem("connector", message, "connector_has_no_tasks")])
    return connector


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema))


def argument_problems(connector: Connector, operation: Document, arguments: Document) -> list[Problem]:
    """What the operation's input schema says against the arguments, with paths below `arguments`."""
    key = connector.document["facets"]["idempotency_key"]
    if key["location"] == "argument":
        # The worker puts the key there; its presence is not the caller's business.
        arguments = {key["name"]: "0" * 64} | arguments
    validator = _validator(orjson.dumps(operation["input_schema"]))
    problems = []
    for error in validator.iter_errors(arguments):
        path = ".".join(["arguments", *(str(step) for step in error.instance_path)])
        problems.append(Problem(path, str(error.message)[:300], "schema"))
        if len(problems) == MAX_PROBLEMS:
            break
    return problems
