"""What stands on a data movement: the datasets that it writes, the workflows that consume them, and what is made of them."""

from collections.abc import Iterator

from connectors.consumers import Consumer
from connectors.models import Connector, ConnectorKind
from metrics.models import Dataset, Workflow, WorkflowDataset
from portal.registry.models import EntryState


def of_connector(connector: Connector) -> Iterator[Consumer]:
    """Two queries for a data movement, none for a runtime tool."""
    if connector.kind != ConnectorKind.DATA_MOVEMENT:
        return
    standing = [EntryState.ACTIVE, EntryState.DEPRECATED]
    written = list(
        Dataset.objects.filter(state__in=standing, document__written_by__contains=[connector.key]).order_by("key")
    )
    for dataset in written:
        yield Consumer("dataset", dataset.key, dataset.local_name, dataset.get_absolute_url())
    through: dict[Workflow, list[str]] = {}
    lines = WorkflowDataset.objects.filter(dataset__in=written, workflow__state__in=standing)
    for line in lines.select_related("workflow", "dataset").order_by("workflow__key", "dataset__key"):
        through.setdefault(line.workflow, []).append(line.dataset.key)
    for workflow, keys in through.items():
        yield Consumer("workflow", workflow.key, workflow.local_name, workflow.get_absolute_url(), ", ".join(keys))
    for dataset in written:
        for reader in dataset.document["read_by"]:
            yield Consumer("reader", reader, through=dataset.key)
        for one in dataset.document["consumers"]:
            yield Consumer("reader", one["name"], one["name"], through=dataset.key)
        for metric in dataset.document["metrics"]:
            yield Consumer("metric", metric, through=dataset.key)
        for family in dataset.document["events"]:
            yield Consumer("event", family, through=dataset.key)
