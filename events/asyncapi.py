"""Families as an AsyncAPI 3.0 document. Pure: what is registered comes in as documents, the same documents give the same bytes.

Every version that stands is one message, the newest under the key of its family, the others under `<family>.<number>`. Its
payload is the envelope with `data` by its schema, which stands whole under `components.schemas`; every reference leads to a
place in the document. What cannot be said in one is left out and named with its reason in `info.x-left-out`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import orjson

from events import envelope
from events.documents import order_of
from events.schemas import Lookup, Name, Schema, Unresolved, dialect_of, misread, turned
from events.schemas.references import MOST_REFERRED
from events.schemas.walking import DRAFT_07, escaped
from portal.registry.documents import Document

VERSION = "3.0.0"
CONTENT_TYPE = "application/json"
FORMATS = {True: "application/schema+json;version=draft-07", False: "application/schema+json;version=2020-12"}
_SEND, _RECEIVE = "send", "receive"


@dataclass(frozen=True)
class Line:
    """A family that takes events, with the versions of it that stand and the numbers of those that are deprecated."""

    family: Document
    versions: Sequence[Document]
    deprecated: frozenset[str] = frozenset()

    def ordered(self) -> list[Document]:
        """The versions, oldest first."""
        return sorted(self.versions, key=lambda one: order_of(one["number"]))


def of_family(line: Line, lookup: Lookup) -> dict[str, Any]:
    """The document of one family; its version is the family's newest."""
    numbers = [one["number"] for one in line.ordered()]
    told = {"title": line.family["name"], "description": line.family["description"]}
    return _document([line], lookup, told | {"version": numbers[-1] if numbers else "0.0.0"})


def of_all(lines: Iterable[Line], lookup: Lookup) -> dict[str, Any]:
    """The document of many families; its version is made from its content, so that it changes when anything does."""
    ordered = sorted(lines, key=lambda line: line.family["key"])
    made = _document(ordered, lookup, {"title": "Event families", "version": ""})
    made["info"]["version"] = f"0.0.0+{hashlib.sha256(in_bytes(made)).hexdigest()[:12]}"
    return made


def in_bytes(document: dict[str, Any]) -> bytes:
    """The bytes of a document: the same for the same content, in whatever order it was found."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _document(lines: Sequence[Line], lookup: Lookup, info: dict[str, Any]) -> dict[str, Any]:
    made = _Making(lookup)
    for line in lines:
        made.take(line)
    for channel in made.channels.values():
        channel["x-sensitivity-class"] = max(channel["x-sensitivity-class"])
    return {
        "asyncapi": VERSION,
        "info": info | ({"x-left-out": made.left_out} if made.left_out else {}),
        "defaultContentType": CONTENT_TYPE,
        "channels": made.channels,
        "operations": made.operations,
        "components": {"messages": made.messages, "schemas": made.schemas},
    }


class _Making:
    """The parts of a document while it is made."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.channels: dict[str, dict[str, Any]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.left_out: list[dict[str, str]] = []

    def take(self, line: Line) -> None:
        """One family: its channel, its messages and what is done with them."""
        family = line.family
        key, address = family["key"], family["channel"]
        channel = self.channels.setdefault(address, {"address": address, "messages": {}, "x-sensitivity-class": []})
        channel["x-sensitivity-class"].append(family["sensitivity_class"])
        sound = [one for one in line.ordered() if self._taken(key, one)]
        names = []
        for one in sound:
            names.append(key if one is sound[-1] else _name((key, one["number"])))
            self.messages[names[-1]] = _message(family, one, deprecated=one["number"] in line.deprecated)
            channel["messages"][names[-1]] = {"$ref": _at("components", "messages", names[-1])}
        for action, part in ((_SEND, "producers"), (_RECEIVE, "consumers")):
            self.operations[f"{key}.{action}"] = {
                "action": action,
                "title": family["name"],
                "description": family["description"],
                "channel": {"$ref": _at("channels", address)},
                "messages": [{"$ref": _at("channels", address, "messages", name)} for name in names[::-1]],
                f"x-{part}": [dict(one) for one in family[part]],
            }

    def _taken(self, family: str, version: Document) -> bool:
        """Lay the schema of a version under its name, with all it refers to; or say why it cannot be said."""
        try:
            found = _with_referred((family, version["number"]), version["schema"], self.lookup, self.schemas)
        except Unresolved as error:
            self.left_out.append({"family": family, "version": version["number"], "reason": str(error)})
            return False
        self.schemas |= found
        return True


def _with_referred(
    name: Name, schema: Schema, lookup: Lookup, laid: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The schema and all it refers to, however far, by their names in the document, but for what is laid. Raises Unresolved."""
    found: dict[str, dict[str, Any]] = {}
    waiting: list[tuple[Name, Schema | None]] = [(name, schema)]
    while waiting:
        one, source = waiting.pop(0)
        if _name(one) in found or _name(one) in laid:
            continue
        if source is None:
            raise Unresolved(f"There is no version {one[1]} of a family “{one[0]}”.")
        if misread(source, source):
            raise Unresolved("It holds a “$ref” that is no reference, which readers of a document would follow.")
        if len(found) > MOST_REFERRED:
            raise Unresolved(f"It refers to more than {MOST_REFERRED} other schemas.")
        # Its dialect is told beside it, and an address of its own would turn the references inside it away.
        copy = {keyword: part for keyword, part in deepcopy(source).items() if keyword not in ("$schema", "$id")}
        waiting += [(other, lookup(*other)) for other in turned(copy, _place(one), _place)]
        found[_name(one)] = _in_format(source, copy)
    return found


def _message(family: Document, version: Document, *, deprecated: bool) -> dict[str, Any]:
    payload = _in_format(version["schema"], _payload(family, version))
    made = {
        "name": family["key"],
        "title": f"{family['name']} {version['number']}",
        "description": version["description"],
        "contentType": CONTENT_TYPE,
        "payload": payload,
        "x-schema-version": version["number"],
        "x-state": "deprecated" if deprecated else "active",
        "x-owner": family["owner"],
        "x-sensitivity-class": family["sensitivity_class"],
        "x-compatibility-mode": family["compatibility"],
    }
    examples = _examples(family, version)
    if examples:
        made["examples"] = examples
    return made


def _payload(family: Document, version: Document) -> Schema:
    """The envelope of the events of one version: what its family asks of it counts."""
    schema = deepcopy(envelope.of_version(family["key"], version["number"], family["envelope"]))
    schema["properties"]["data"] = {"$ref": f"#{_place((family['key'], version['number']))}"}
    return schema


def _examples(family: Document, version: Document) -> list[dict[str, Any]]:
    """The stored events that the schema accepts, each in an envelope that its family takes."""
    policy = family["envelope"]
    values = {
        "approval_class": "A0",
        "reversibility_class": "R0",
        "sensitivity_class": family["sensitivity_class"],
    }
    return [
        {
            "name": one["name"],
            "payload": {
                "event_id": f"example-{number}",
                "event_type": family["key"],
                "spec_version": envelope.VERSION,
                "schema_version": version["number"],
                "tenant_id": (policy["tenants"] or ["example-tenant"])[0],
                "entity_id": f"example-{number}",
                "correlation_id": f"example-{number}",
                "source": (policy["sources"] or ["/examples"])[0],
                "actor_type": "human",
                "timestamp": "2026-01-01T00:00:00Z",
                "data": one["event"],
            }
            | {name: values[name] for name in policy["required"]},
        }
        for number, one in enumerate(version["examples"], 1)
        if one["valid"] and not misread(one["event"]) and _carried(one["event"])
    ]


def _carried(event: Any) -> bool:
    """Whether JSON with 64-bit integers carries it."""
    try:
        orjson.dumps(event)
    except TypeError:
        return False
    return True


def _in_format(source: Schema, schema: Schema) -> dict[str, Any]:
    return {"schemaFormat": FORMATS[dialect_of(source) == DRAFT_07], "schema": schema}


def _name(name: Name) -> str:
    # The key of a family holds no dot, so that no other family's message or schema can be called so.
    return f"{name[0]}.{name[1]}"


def _place(name: Name) -> str:
    return _at("components", "schemas", _name(name), "schema")[1:]


def _at(*steps: str) -> str:
    return "#" + "".join(f"/{escaped(step)}" for step in steps)
