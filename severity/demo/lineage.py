"""The lineage of the demo: datasets, the runs that wrote them, one edge that is stale, one that nobody declared."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from metrics.lineage import binding
from metrics.lineage.reading import read
from metrics.lineage.receiving import bindings_of, keep
from portal.people.models import User
from portal.registry.documents import Document
from portal.roles import ActorType, Role
from severity.demo.people import actor

STORE = "postgres://warehouse.example.com:5432"
ACCOUNT = "airflow"
_NAMES = {
    "invoices": ("warehouse.billing.invoices", "Invoices", "billing-to-warehouse"),
    "accounts": ("warehouse.crm.accounts", "CRM accounts", "crm-to-warehouse"),
    "ad-spend": ("warehouse.marketing.ad_spend", "Advertising spend", "ads-to-warehouse"),
}
_SOURCES = {
    "billing-to-warehouse": ("postgres://billing.example.com:5432", "billing.public.invoices"),
    "crm-to-warehouse": ("https://crm.example.com", "Account"),
    "ads-to-warehouse": ("https://ads.example.com", "campaign_costs"),
}


def _dataset(key: str, columns: list[tuple[str, str]], **more: Any) -> Document:
    dataset, name, written_by = _NAMES[key]
    return {
        "key": key,
        "name": name,
        "description": f"{name} in the warehouse, as they were last loaded.",
        "description_ar": "",
        "owner": "data-platform",
        "namespace": STORE,
        "dataset": dataset,
        "columns": [{"name": one, "classification": kind, "description": ""} for one, kind in columns],
        "written_by": [written_by],
        "read_by": [],
        "events": [],
        "metrics": [],
        "consumers": [],
    } | more


def documents() -> list[Document]:
    """The datasets, in the order in which they are registered."""
    return [
        _dataset(
            "invoices",
            [("invoice_id", "internal"), ("customer_name", "personal"), ("amount_sar", "internal"), ("vat_number", "regulated")],
            metrics=["revenue_sar"],
            consumers=[
                {"kind": "customer_report", "name": "Monthly statement", "address": "https://reports.example.com/statement"},
                {"kind": "dashboard", "name": "Revenue of the group", "address": ""},
            ],
        ),
        _dataset(
            "accounts",
            [("account_id", "internal"), ("owner_email", "personal"), ("stage", "internal")],
            metrics=["pipeline_value_sar", "qualified_lead_count"],
            read_by=["warehouse-to-customer-portal"],
        ),
        _dataset("ad-spend", [("campaign", "internal"), ("cost_sar", "internal")], consumers=[
            {"kind": "downstream_model", "name": "Attribution model", "address": ""},
        ]),
    ]  # fmt: skip


def tell(now: datetime) -> None:
    """Bind the namespaces of the demo's scheduler and let it report its runs: most of last night, one of three weeks ago."""
    User.objects.create(
        username=ACCOUNT, first_name="Airflow", roles=[Role.OPERATOR.value],
        actor_type=ActorType.AUTOMATED_WORKFLOW.value, accountable=User.objects.get(username="lead"),
    )  # fmt: skip
    events = []
    for key, (dataset, _name, mover) in _NAMES.items():
        binding.bind(actor=actor("admin"), namespace=f"airflow.{key}", connector=mover, account=ACCOUNT, now=now)
        ended = now - (timedelta(days=21) if key == "ad-spend" else timedelta(hours=5))
        outputs = [{"namespace": STORE, "name": dataset}]
        if key == "invoices":
            # A copy that somebody made one evening, and that nobody registered.
            outputs.append({"namespace": STORE, "name": "warehouse.scratch.invoices_copy"})
        for kind, at in (("START", ended - timedelta(minutes=12)), ("COMPLETE", ended)):
            events.append(_event(kind, at, key, mover, outputs))
    told = [read(one, now) for one in events]
    keep(told, bindings_of(actor(ACCOUNT), [one.namespace for one in told]), now=now)


def _event(kind: str, at: datetime, key: str, mover: str, outputs: list[dict[str, str]]) -> dict[str, Any]:
    namespace, name = _SOURCES[mover]
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": "https://scheduler.example.com/airflow/3.1",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid5(NAMESPACE_URL, f"{key}{at:%Y-%m-%d}"))},
        "job": {"namespace": f"airflow.{key}", "name": f"load_{key.replace('-', '_')}"},
        "inputs": [{"namespace": namespace, "name": name}],
        "outputs": outputs,
    }
