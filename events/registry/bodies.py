"""What registry clients send: their media types, a schema as text, references by name."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.request import Request

from events.registry.errors import Code, RegistryRefusal
from events.registry.subjects import family_of, numbered
from events.schemas import Schema, walk
from portal.api.parsers import MAX_DEPTH, JSONParser
from portal.json_bounds import deeper_than, holds_nul

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
# Clients send these, too; what they mean is JSON.
_OTHER_TYPES = ("application/vnd.schemaregistry+json", "application/octet-stream")
MOST_REFERENCES = 50
_KNOWN = frozenset({"schema", "schemaType", "references", "id", "version", "subject", "metadata", "ruleSet", "guid", "ts",
                    "deleted", "schemaTags", "propagateSchemaTags"})  # fmt: skip


class RegistryParser(JSONParser):
    """The registry's own media type, bounded like every body."""

    media_type = MEDIA_TYPE


class OldRegistryParser(JSONParser):
    """The same without a version."""

    media_type = _OTHER_TYPES[0]


class OctetParser(JSONParser):
    """JSON that its sender calls octets."""

    media_type = _OTHER_TYPES[1]


PARSERS = [RegistryParser, OldRegistryParser, JSONParser, OctetParser]


class RegistryRenderer(renderers.BaseRenderer):
    """JSON under the registry's media type, whatever a client says it accepts."""

    media_type = MEDIA_TYPE
    format = "registry"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return orjson.dumps(data) if data is not None else b""


def mapping(data: object) -> Mapping[str, Any]:
    """The body, which must be an object. Raises RegistryRefusal."""
    if not isinstance(data, Mapping):
        raise RegistryRefusal(Code.INVALID_SCHEMA, "The body must be a JSON object.")
    return data


def schema_in(request: Request) -> Schema:
    """The schema that a body holds, its references turned to file addresses. Raises RegistryRefusal."""
    body = mapping(request.data)
    unknown = sorted(set(map(str, body)) - _KNOWN)
    if unknown:
        raise RegistryRefusal(Code.INVALID_SCHEMA, f"Unknown: {', '.join(unknown)[:200]}.")
    if body.get("schemaType") != "JSON":
        raise RegistryRefusal(Code.INVALID_SCHEMA, "Only schemas of the type JSON are kept here: send schemaType JSON.")
    if body.get("ruleSet") or body.get("metadata"):
        raise RegistryRefusal(Code.INVALID_SCHEMA, "Rules and metadata of a schema are not kept here; leave them out.")
    text = body.get("schema")
    if not isinstance(text, str):
        raise RegistryRefusal(Code.INVALID_SCHEMA, "`schema` must be the JSON Schema as text.")
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RegistryRefusal(Code.INVALID_SCHEMA, f"The schema is not JSON: {error}") from None
    if not isinstance(schema, dict) or deeper_than(schema, MAX_DEPTH) or holds_nul(text.encode()):
        raise RegistryRefusal(
            Code.INVALID_SCHEMA, f"A schema is an object, at most {MAX_DEPTH} levels deep, without NUL characters."
        )
    return _turned(schema, _named(body.get("references")))


def _named(references: object) -> dict[str, str]:
    """Names of references, and the addresses that they stand for."""
    if references in (None, []):
        return {}
    if not isinstance(references, list) or len(references) > MOST_REFERENCES:
        raise RegistryRefusal(Code.INVALID_SCHEMA, f"`references` is a list of at most {MOST_REFERENCES}.")
    found = {}
    for one in references:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not isinstance(one.get("subject"), str):
            raise RegistryRefusal(Code.INVALID_SCHEMA, "A reference has a name, a subject and a version.")
        family = family_of(one["subject"])
        target = numbered(family, one["subject"], str(one.get("version")))
        found[one["name"]] = f"../{family.key}/{target.row.number}.json"
    return found


def _turned(schema: Schema, names: dict[str, str]) -> Schema:
    for _pointer, one in walk(schema):
        if isinstance(one, dict) and isinstance(one.get("$ref"), str):
            name, hash_sign, inner = one["$ref"].partition("#")
            if name in names:
                one["$ref"] = f"{names[name]}{hash_sign}{inner}"
    return schema
