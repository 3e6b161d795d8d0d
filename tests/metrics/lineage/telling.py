"""Runs that tell lineage, and datasets, brought into being through the real services."""

from typing import Any

from metrics.lineage import binding
from metrics.lineage.reading import read
from metrics.lineage.receiving import bindings_of, keep
from metrics.models import Dataset, JobNamespace, LineageEdge
from portal.operations.services import database_now
from portal.roles import ActorType
from tests.documents import data_movement_document, put
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.people import actor, machine
from tests.registering import apply_connector

STORE, SHOP = "postgres://warehouse:5432", "postgres://shop:5432"
INPUT = {"namespace": SHOP, "name": "shop.public.orders"}
OUTPUT = {"namespace": STORE, "name": "warehouse.sales.orders"}
RUN = "0191a1b2-0000-7000-8000-{:012d}"


def event(kind: str = "COMPLETE", run: int = 1, at: str = "2026-11-22T10:00:00Z", **more: Any) -> dict[str, Any]:
    """An event of a run of the data movement's job."""
    return {
        "eventType": kind,
        "eventTime": at,
        "producer": "https://example.com/scheduler/1.0",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": RUN.format(run)},
        "job": {"namespace": "nightly", "name": "load_orders"},
        "inputs": [INPUT],
        "outputs": [OUTPUT],
    } | more


def bound(namespace: str = "nightly", key: str = "orders-to-warehouse", account: str = "loader") -> JobNamespace:
    """A job namespace of a data movement that stands, reported by a machine's account."""
    apply_connector(put(data_movement_document(), "key", key))
    machine(account, actor_type=ActorType.AUTOMATED_WORKFLOW)
    return binding.bind(actor=actor("adam"), namespace=namespace, connector=key, account=account, now=database_now())


def tell(*events: dict[str, Any], by: str = "loader") -> None:
    """Keep events as the receiver does."""
    told = [read(one, database_now()) for one in events]
    who = actor(by)
    keep(told, bindings_of(who, [one.namespace for one in told]), now=database_now())


def edges() -> list[tuple[str, str, bool, str]]:
    """Every edge in words: from, to, declared, seen at by which run."""
    rows = LineageEdge.objects.select_related("source", "target")
    return sorted(
        (one.source.name, one.target.name, one.declared, f"{one.seen_at:%m-%d %H:%M} {one.seen_by[-1]}"
         if one.seen_at else "")
        for one in rows
    )  # fmt: skip


def dataset_document(key: str = "sales-orders", **more: Any) -> dict[str, Any]:
    """A dataset."""
    return {
        "key": key,
        "name": "Orders of the warehouse",
        "description": "Orders as they were loaded last night.",
        "description_ar": "",
        "owner": "crm-team",
        "namespace": STORE,
        "dataset": OUTPUT["name"],
        "columns": [
            {"name": "order_id", "classification": "internal", "description": ""},
            {"name": "email", "classification": "personal", "description": "Of the customer."},
        ],
        "written_by": [],
        "read_by": [],
        "events": [],
        "metrics": [],
        "consumers": [{"kind": "customer_report", "name": "Monthly statement", "address": ""}],
    } | more


def dataset(**more: Any) -> Dataset:
    """A dataset that stands."""
    document = dataset_document(**more)
    signed(submitted("dataset", document))
    return Dataset.objects.get(key=document["key"])
