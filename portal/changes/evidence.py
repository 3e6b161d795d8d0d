"""Evidence packs: what a change of class B, or one that is costly to undo, brings for its approvers (domain: Changes)."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.refusals import Problem
from portal.registry.documents import Document, StrictSerializer, bounds_problem, flatten

MAX_ATTACHMENTS = 10
MAX_ATTACHMENT_BYTES = 2 * 1024 * 1024
MAX_FILE_NAME = 200


def _text(label: Any, help_text: Any, example: str) -> serializers.CharField:
    return serializers.CharField(
        max_length=5000, label=label, help_text=help_text, style={"example": example, "rows": 2}
    )


def clean_file_name(name: str) -> str:
    """A told file name without folders and without characters that hide or turn the others; empty if nothing is left."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    return seen.strip(" .")[:MAX_FILE_NAME]


class EvidenceLink(StrictSerializer):
    """A test, a run or a document elsewhere."""

    title = serializers.CharField(max_length=120, label=_("What it shows"), style={"example": "Contract tests"})
    url = serializers.CharField(
        max_length=500, label=_("Address"), style={"example": "https://ci.example.com/runs/841"}
    )

    def validate_url(self, value: str) -> str:
        """Only addresses that a browser opens without running anything."""
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise serializers.ValidationError(
                _("Write a full address that begins with https:// or http://."), code="url"
            )
        return value


class EvidenceFile(StrictSerializer):
    """A file that was uploaded before, by its digest."""

    name = serializers.CharField(max_length=MAX_FILE_NAME, label=_("File name"))
    digest = serializers.RegexField(r"^[0-9a-f]{64}$", label=_("Digest"))

    def validate_name(self, value: str) -> str:
        """A plain name: what an approver reads is what is saved."""
        if clean_file_name(value) != value:
            raise serializers.ValidationError(
                _("Write a plain file name, without folders or invisible characters."), code="file_name"
            )
        return value


class EvidencePack(StrictSerializer):
    """All that an approver needs to judge a change."""

    sources = serializers.ListField(
        child=serializers.CharField(max_length=500),
        min_length=1,
        max_length=50,
        label=_("Sources"),
        help_text=_("Where the facts come from, one a line."),
        style={"example": "Vendor changelog 2026-10"},
    )
    assumptions = _text(_("Assumptions"), _("What is taken for granted."), "Traffic stays under 50 calls a minute.")
    freshness = _text(_("Freshness"), _("How old the facts are."), "Measured on 20 November 2026.")
    compliance_notes = _text(
        _("Compliance notes"), _("What privacy, contracts and law say."), "No personal data leaves."
    )
    alternatives = _text(_("Alternatives"), _("What else was considered, and why not."), "Polling by hand: too slow.")
    rollback = _text(
        _("Rollback or compensation"),
        _("How it is undone, and by whom."),
        "Restore version 3; the CRM team, 10 minutes.",
    )
    links = EvidenceLink(many=True, required=False, default=list, max_length=50, label=_("Tests and runs"))  # type: ignore[call-arg] # many=True takes the list's arguments
    attachments = EvidenceFile(
        many=True,  # type: ignore[call-arg] # as above
        required=False,
        default=list,
        max_length=MAX_ATTACHMENTS,
        label=_("Attachments"),
    )


def check_evidence(evidence: Document) -> tuple[Document, list[Problem]]:
    """The normalised pack, and every problem with its path under `evidence`."""
    bad = bounds_problem(evidence)
    if bad is not None:
        return evidence, [Problem("evidence", bad.message, bad.code)]
    serializer = EvidencePack(data=evidence)
    if serializer.is_valid():
        clean: Document = serializer.to_representation(serializer.validated_data)
        return clean, []
    return evidence, [
        Problem(f"evidence.{problem.path}" if problem.path else "evidence", problem.message, problem.code)
        for problem in flatten(serializer.errors)
    ]
