"""Who reads what a data sync writes, by the datasets that name it."""

from metrics.models import Dataset
from portal.registry.models import EntryState

MOST = 200


def consumers_of_sync(key: str) -> list[str]:
    """The consumers and reading syncs of the datasets that this sync writes, and the metrics computed from them; in order."""
    rows = Dataset.objects.filter(document__written_by__contains=[key]).exclude(state=EntryState.RETIRED)
    found: dict[str, None] = {}
    for document in rows.order_by("key").values_list("document", flat=True)[:MOST]:
        names = [one["name"] for one in document["consumers"]]
        found |= dict.fromkeys([*names, *document["read_by"], *document["metrics"]])
    return [name for name in found if name != key][:MOST]
