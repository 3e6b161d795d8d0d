"""The section of a change's form that holds its evidence pack, made from the pack's serializer like all the rest."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.changes.evidence import EvidencePack, check_evidence
from portal.registry.documents import Document
from portal.web.document_form import children
from portal.web.posted import read

PREFIX = "evidence"


def read_evidence(data: QueryDict) -> Document:
    """The pack in a posted form; empty where nothing was filled in."""
    found = read(EvidencePack(), data, PREFIX)
    pack: Document = found if isinstance(found, dict) else {}
    return pack if any(value not in (None, "", [], {}) for value in pack.values()) else {}


def evidence_section(evidence: Document, *, needed: bool, show: bool) -> dict[str, Any]:
    """The section as parts/form_section.html wants it; `show` tells whether to say what is missing where."""
    open_points = check_evidence(evidence)[1] if needed or evidence else []
    errors: dict[str, list[str]] = {}
    for problem in open_points if show else []:
        errors.setdefault(problem.path, []).append(problem.message)
    return {
        "id": PREFIX,
        "title": _("Evidence"),
        "help": _("What the approvers need to judge it. Changes that nobody signs need none."),
        "state": "missing" if open_points else "filled" if evidence else "",
        "errors": errors.get(PREFIX, []),
        "nodes": children(EvidencePack(), evidence, PREFIX, errors),
        "facet": False,
        "anchors": ["f-evidence"],
    }


def evidence_facts(evidence: Document) -> list[dict[str, Any]]:
    """The pack as facts for reading, as parts/facts.html wants them; attachments and links with their addresses."""
    facts: list[dict[str, Any]] = []
    for name, field in EvidencePack().fields.items():
        value = evidence.get(name)
        if name == "links":
            facts += [_linked(field.label, link) for link in value or [] if isinstance(link, dict)]
        elif name == "attachments":
            facts += [_attached(field.label, one) for one in value or [] if isinstance(one, dict)]
        else:
            text = "; ".join(map(str, value)) if isinstance(value, list) else value
            facts.append({"label": field.label, "value": text or ""})
    return facts


def _linked(label: Any, link: Document) -> dict[str, Any]:
    address = str(link.get("url") or "")
    known = address.startswith(("https://", "http://"))
    return {"label": label, "value": link.get("title") or address, "href": address if known else "", "note": address}


def _attached(label: Any, one: Document) -> dict[str, Any]:
    digest = str(one.get("digest") or "")
    return {"label": label, "value": one.get("name") or digest[:12], "note": digest[:12],
            "href": f"/api/v1/attachments/{digest}/"}  # fmt: skip
