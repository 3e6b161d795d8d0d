"""What the API says of entries. The types, and the documents of the kinds, are what the API's description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from drf_spectacular.openapi import AutoSchema

from portal.api import described
from portal.api.change_answers import ChangeAnswer
from portal.registry import kinds as registered

# The columns that the line of every entry has in a list.
COMMON: dict[str, Any] = {
    "key": "key",
    "name": "name",
    "state": "state",
    "owner": "owner__key",
    "version": "version",
    "digest": "digest",
    "description": "document__description",
    "created_at": "created_at",
    "updated_at": "updated_at",
}


class EntryAnswer(TypedDict):
    """A whole entry with its document."""

    id: str
    kind: str
    key: str
    name: str
    state: str
    owner: str
    version: int
    digest: str
    created_at: datetime
    updated_at: datetime
    url: str
    document: dict[str, Any]


class VersionLine(TypedDict):
    """A numbered version without its document."""

    version: int
    state: str
    digest: str
    actor_name: str
    change_id: int | None
    at: datetime


class Versions(TypedDict):
    """The numbered versions of an entry, newest first."""

    results: list[VersionLine]


class VersionAnswer(TypedDict):
    """One version, whole."""

    key: str
    version: int
    state: str
    digest: str
    change: int | None
    applied_by: str
    at: datetime
    document: dict[str, Any]


def entry_answer(entry: Any) -> EntryAnswer:
    """A whole entry with its document."""
    return {
        "id": entry.human_id,
        "kind": getattr(entry, "kind", ""),
        "key": entry.key,
        "name": entry.name,
        "state": entry.state,
        "owner": entry.owner.key,
        "version": entry.version,
        "digest": entry.digest,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "url": entry.get_absolute_url(),
        "document": entry.document,
    }


def _entry_schema(auto: AutoSchema, document: Any) -> dict[str, Any]:
    schema = described.typed(EntryAnswer)
    schema["properties"] = schema["properties"] | {"document": auto.resolve_serializer(document, "response").ref}
    return schema


def answers_of(collection: str, document: Any) -> Any:
    """The answers of one collection, made when its description is: the documents are those of its kinds."""

    def make(auto: AutoSchema) -> dict[str, Any]:
        kinds = registered.in_collection(collection)
        summary = COMMON | dict(kinds[0].summary)
        name = collection.replace("-", "_").title().replace("_", "")
        line = described.component(
            auto,
            f"{name}Summary",
            lambda: described.summary_schema(auto, kinds[0].model, summary, [kind.serializer for kind in kinds]),
        )
        entry = described.component(auto, f"{name}Entry", lambda: _entry_schema(auto, document))
        opened = {201: ChangeAnswer}
        return {
            "list": {200: line},
            "retrieve": {200: entry, 304: None},
            "create": opened,
            "update": opened,
            "partial_update": opened,
            "revert": opened,
            "versions": {200: Versions},
            "version": {200: VersionAnswer},
        }

    return staticmethod(make)
