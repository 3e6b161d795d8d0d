"""The document of a release candidate."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.registry.documents import EntrySerializer
from severity.readiness import STAGES

KEY_PATTERN = r"^r-[a-z0-9]+(?:[.-][a-z0-9]+)*$"
_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}


class ReleaseSerializer(EntrySerializer):
    """A release candidate: a commit and a build on their way from dev to prod."""

    shown_examples = {
        "name": "December release",
    }

    key = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Key"),
        help_text=_("r- and the name of the release; people write it R-2026.12. Fixed once registered."),
        style={"example": "r-2026.12"},
        error_messages={"invalid": _("Write it as r-2026.12: lower-case letters, digits, single dots and hyphens.")},
    )
    description = serializers.CharField(
        max_length=2000,
        label=_("Description"),
        help_text=_("What is in it, in a few sentences."),
        style={"example": "New partner statements; faster sync of contacts.", "rows": 3},
    )
    repository = serializers.CharField(
        max_length=300,
        label=_("Repository"),
        help_text=_("Where the commit is."),
        style={"example": "https://git.example.com/platform/agents"},
    )
    commit = serializers.RegexField(
        r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$",
        max_length=64,
        label=_("Commit"),
        help_text=_("The whole id of the commit, 40 or 64 hex digits. Fixed once registered."),
        style={"example": "8be4aa9f0c6d1b2e3a4958676f5e4d3c2b1a0f9e", "mono": True},
        error_messages={"invalid": _("Write all 40 or 64 hex digits, in lower case.")},
    )
    build = serializers.CharField(
        max_length=200,
        label=_("Build"),
        help_text=_("What CI calls the build of this commit. Fixed once registered."),
        style={"example": "ci-4711"},
    )
    stage = serializers.ChoiceField(
        [(one, one) for one in STAGES],
        default=STAGES[0],
        label=_("Stage"),
        help_text=_("Where it stands. One step at a time, and only through the gate."),
    )
    notes = serializers.CharField(
        max_length=500, label=_("Release notes"), help_text=_("Where they are, if they have an address."), **_OPTIONAL
    )
