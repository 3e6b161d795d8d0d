"""Who feels what a data movement loads: the datasets it writes, and what is made of them."""

from django.utils.translation import gettext as _

from metrics.models import Dataset
from portal.registry.kinds import Impact
from portal.registry.models import EntryState

MOST_DATASETS = 10
MOST_NAMED = 20


def readers_of_sync(key: str) -> list[Impact]:
    """The datasets that the data movement of this key writes, with their metrics, event families and consumers."""
    rows = Dataset.objects.filter(document__written_by__contains=[key]).exclude(state=EntryState.RETIRED)
    found = []
    for dataset in rows.order_by("key")[:MOST_DATASETS]:
        found.append(Impact(_("dataset"), dataset.name, dataset.get_absolute_url()))
        made = dataset.document
        found += [Impact(_("metric of it"), str(one)) for one in made["metrics"][:MOST_NAMED]]
        found += [Impact(_("event family fed from it"), str(one)) for one in made["events"][:MOST_NAMED]]
        found += [Impact(_("data movement that reads it"), str(one)) for one in made["read_by"][:MOST_NAMED]]
        found += [Impact(_("consumer of it"), str(one["name"])) for one in made["consumers"][:MOST_NAMED]]
    return found
