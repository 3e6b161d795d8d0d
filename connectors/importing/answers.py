"""What the API takes and says of imports. The types are what its description is made from."""

from typing import Any, TypedDict

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.importing.service import FORMATS, MOST_CHOSEN, Imported
from portal.api.change_answers import ProblemAnswer
from portal.changes.models import ChangeRequest
from portal.registry.documents import StrictSerializer


class _Choices(StrictSerializer):
    format = serializers.ChoiceField(
        [(name, name) for name in FORMATS],
        label=_("Format"),
        help_text=_("What it is: an MCP server.json, an OpenAPI 3 document, metadata of an Airbyte connector."),
    )
    only = serializers.ListField(
        child=serializers.CharField(max_length=200),
        default=list,
        max_length=MOST_CHOSEN,
        help_text=_("Of OpenAPI: only operations with one of these tags, or whose path begins so (/pets)."),
    )
    key = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    owner = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    open = serializers.BooleanField(default=False, help_text=_("Open a draft change that registers it."))


class ImportBody(_Choices):
    """A description as text, and what to do with it."""

    content = serializers.CharField(trim_whitespace=False, help_text=_("The JSON or YAML text."))


class ImportFileBody(_Choices):
    """The same as a form with the file itself."""

    file = serializers.FileField(max_length=255)


class AnnouncedAnswer(TypedDict):
    """A breaking change that the description announces."""

    version: str
    message: str
    deadline: str
    scopes: list[str]


class ImportAnswer(TypedDict):
    """What came of a description. `change` is the draft, where one was opened."""

    kind: str
    origin: str
    document: dict[str, Any]
    filled: list[str]
    missing: list[str]
    problems: list[ProblemAnswer]
    remarks: list[str]
    notices: list[AnnouncedAnswer]
    change: str | None


def import_answer(found: Imported, change: ChangeRequest | None) -> ImportAnswer:
    """The answer of one import."""
    return {
        "kind": found.kind,
        "origin": found.origin,
        "document": found.document,
        "filled": list(found.filled),
        "missing": list(found.missing),
        "problems": [{"path": one.path, "message": one.message, "code": one.code} for one in found.problems],
        "remarks": found.remarks,
        "notices": [
            {"version": one.version, "message": one.message, "deadline": one.deadline, "scopes": one.scopes}
            for one in found.notices
        ],
        "change": change.human_id if change else None,
    }
