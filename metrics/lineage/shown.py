"""What the page of a dataset shows beside its document."""

from typing import Any

from django.utils.translation import gettext as _

from metrics.lineage.documents import CONSUMERS
from metrics.models import Dataset, LineageNode, NodeKind


def dataset_facts(entry: Dataset) -> dict[str, Any]:
    """Its columns, declared and seen in runs, its consumers in words, and the keys it names by page. One query."""
    document = entry.document
    rows = LineageNode.objects.filter(kind=NodeKind.DATASET, namespace=entry.namespace, name=entry.dataset)
    node = rows.first()
    seen = list(node.columns) if node else []
    declared = [one["name"] for one in document["columns"]]
    columns = [one | {"seen": one["name"] in set(seen)} for one in document["columns"]]
    columns += [{"name": name, "classification": "", "seen": True} for name in seen if name not in set(declared)]
    words = dict(CONSUMERS)
    return {
        "focus": f"dataset:{entry.namespace}:{entry.dataset}",
        "seen_at": node.columns_at if node else None,
        "columns": columns,
        "consumers": [one | {"words": words[one["kind"]]} for one in document["consumers"]],
        "named": [
            (_("Written by"), "syncs", document["written_by"]),
            (_("Read by"), "syncs", document["read_by"]),
            (_("Event families"), "events", document["events"]),
            (_("Metrics"), "metrics", document["metrics"]),
        ],
    }
