"""Reading an OpenLineage event: strictly, before anything is kept of it. Pure.

The official client lets a producer that is no address and a time without zone through; here they are refused, as nobody could
say later when and by what a thing was seen.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jsonschema_rs
import orjson

from metrics.models.lineage import MOST_BYTES, MOST_NAME, NodeKind
from portal.json_bounds import deeper_than, holds_nul, too_large_a_number

EARLIEST, AHEAD = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=1)
MOST_DATASETS = 500
MOST_COLUMNS = 2_000
# Of a run, over all its events: what it reads and writes; and inputs times the portal's own things among the outputs, as each
# pair is an edge that is kept for good.
MOST_OF_A_RUN, MOST_PAIRS = 5_000, 2_000
MAX_DEPTH = 60
# Datasets of these namespaces are the portal's own things: the runs that make a metric name it as {"namespace": "metric"}.
OWN = {"event": NodeKind.EVENT, "metric": NodeKind.METRIC, "dashboard": NodeKind.DASHBOARD}
PART = "\n"
_ENDS = {"COMPLETE": "completed", "FAIL": "failed", "ABORT": "failed"}
_NAME = {"type": "string", "minLength": 1, "maxLength": MOST_NAME, "pattern": "^[^\\x00-\\x1f\\x7f]+$"}
_DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": _NAME,
        "name": _NAME,
        "facets": {
            "type": "object",
            "properties": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "fields": {
                            "type": "array",
                            "maxItems": MOST_COLUMNS,
                            "items": {"type": "object", "required": ["name"], "properties": {"name": _NAME}},
                        }
                    },
                }
            },
        },
    },
}
_DATASETS = {"type": "array", "maxItems": MOST_DATASETS, "items": _DATASET}
_JOB = {"type": "object", "required": ["namespace", "name"], "properties": {"namespace": _NAME, "name": _NAME}}
_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL"],
    "properties": {
        "eventTime": {"type": "string", "format": "date-time"},
        "producer": {"type": "string", "format": "uri", "maxLength": 1000},
        "schemaURL": {"type": "string", "format": "uri", "maxLength": 1000},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}},
        },
        "job": _JOB,
        "inputs": _DATASETS,
        "outputs": _DATASETS,
        "dataset": _DATASET,
    },
    "if": {"required": ["run"]},
    "then": {"required": ["job"]},
    "else": {"oneOf": [{"required": ["job"]}, {"required": ["dataset"]}]},
}
_VALIDATOR = jsonschema_rs.validator_for(_SCHEMA, validate_formats=True)


class BadEvent(ValueError):
    """The event is refused: `pointer` says where, the message what."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


@dataclass
class Told:
    """What one event tells. Nodes are kind, namespace and name, parted by PART.

    `run_id` is None for events about a job or a dataset alone; `ended` is "completed", "failed" or empty.
    """

    digest: bytes
    body: bytes
    namespace: str
    at: datetime
    run_id: UUID | None = None
    job: str = ""
    began: bool = False
    ended: str = ""
    inputs: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    columns: dict[str, list[str]] = field(default_factory=dict)


def read(event: object, now: datetime) -> Told:
    """What an event tells. Raises BadEvent for the first thing that is wrong.

    A time of tomorrow would make an edge proven for ever; clocks may differ by a day at most.
    """
    if not isinstance(event, dict):
        raise BadEvent("", "An event is an object.")
    if deeper_than(event, MAX_DEPTH):
        raise BadEvent("", f"It is nested deeper than {MAX_DEPTH} levels.")
    for error in _VALIDATOR.iter_errors(event):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        raise BadEvent(pointer, error.message[:300])
    if too_large_a_number(event):
        raise BadEvent("", "It holds a number that is too large to be kept.")
    body = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    if holds_nul(body):
        raise BadEvent("", "It holds a NUL character.")
    try:
        at = datetime.fromisoformat(event["eventTime"])
    except ValueError:
        raise BadEvent("/eventTime", "There is no such time; write it as 2026-01-31T12:00:00Z.") from None
    if not EARLIEST <= at <= now + AHEAD:
        raise BadEvent("/eventTime", "It is more than a day ahead, or before the year 2000.")
    return _told(event, body, at)


def _told(event: dict[str, Any], body: bytes, at: datetime) -> Told:
    job = event.get("job")
    namespace = job["namespace"] if job else event["dataset"]["namespace"]
    told = Told(hashlib.sha256(body).digest(), body, namespace, at, job=job["name"] if job else "")
    for name in ("inputs", "outputs"):
        for place, dataset in enumerate(event.get(name) or ()):
            _take(told, dataset, told.inputs if name == "inputs" else told.outputs, f"/{name}/{place}")
    if "dataset" in event:
        _take(told, event["dataset"], set(), "/dataset")
    if "run" in event:
        told.run_id = UUID(event["run"]["runId"])
        kind = event.get("eventType", "OTHER")
        told.began, told.ended = kind == "START", _ENDS.get(kind, "")
    return told


def _take(told: Told, dataset: dict[str, Any], into: set[str], pointer: str) -> None:
    if len((dataset["namespace"] + dataset["name"]).encode()) > MOST_BYTES:
        raise BadEvent(pointer, f"Namespace and name together are longer than {MOST_BYTES} bytes.")
    node = node_of(dataset["namespace"], dataset["name"])
    into.add(node)
    fields = ((dataset.get("facets") or {}).get("schema") or {}).get("fields") or ()
    if fields:
        told.columns[node] = list(dict.fromkeys(one["name"] for one in fields))


def node_of(namespace: str, name: str) -> str:
    """The node of a dataset as a run names it."""
    kind = OWN.get(namespace)
    return PART.join((kind, "", name) if kind else (NodeKind.DATASET, namespace, name))


def _is_dataset(node: str) -> bool:
    return node.startswith(NodeKind.DATASET + PART)


def too_much(inputs: Iterable[str], outputs: Iterable[str]) -> bool:
    """Whether what a run reads and writes, gathered from all its events, is more than the graph takes of one."""
    read, written = len(set(inputs)), set(outputs)
    own = sum(not _is_dataset(one) for one in written)
    return read + len(written) > MOST_OF_A_RUN or read * own > MOST_PAIRS


def edges(connector: str, inputs: Iterable[str], outputs: Iterable[str]) -> set[tuple[str, str]]:
    """The edges that a completed run shows: datasets go through the connector, the portal's own things are made of the inputs.

    More inputs or outputs only ever add edges: what a run shows is then the same in whatever order it was told.
    """
    here = PART.join((NodeKind.CONNECTOR, "", connector))
    inputs, outputs = set(inputs), set(outputs)
    found = {(one, here) for one in inputs}
    for one in outputs:
        if _is_dataset(one):
            found.add((here, one))
        else:
            found |= {(source, one) for source in inputs if source != one}
    return {(source, target) for source, target in found if source != target}
