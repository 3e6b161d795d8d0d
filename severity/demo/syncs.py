"""The data movements of the demo, and the runs that their scheduler told of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.models import BreakingNotice
from connectors.syncs import notices, pausing
from connectors.syncs.keeping import Report, take_many
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Refusal
from portal.registry.documents import Document
from severity.demo.lineage import ACCOUNT
from severity.demo.parts import DAY, HOUR, MINUTE, place, sync
from severity.demo.people import actor

# Of each sync: seconds between two runs, how many are told, rows of one, its streams.
_RUNS: dict[str, tuple[int, int, int, tuple[str, ...]]] = {
    "crm-to-warehouse": (2 * HOUR, 36, 4200, ("accounts", "contacts", "deals", "leads")),
    "billing-to-warehouse": (HOUR, 40, 910, ("invoices", "payments", "credit_notes")),
    "product-events-to-lake": (15 * MINUTE, 60, 52000, ("clicks", "features")),
    "erp-to-finance-mart": (DAY, 30, 180000, ("journal_lines", "cost_centres")),
    "ads-to-warehouse": (DAY, 30, 6400, ("campaigns", "spend")),
    "warehouse-to-customer-portal": (30 * MINUTE, 48, 2300, ("usage_daily", "balances")),
    "identity-to-directory": (HOUR, 24, 340, ("people", "groups")),
}
# Its newest run did not go well; this one is on its way; this one is paused.
_FAILED, _RUNNING, _PAUSED = "ads-to-warehouse", "product-events-to-lake", "identity-to-directory"

STEPS = [
    "Pause the schedule.",
    "Reset the cursor of the streams concerned to the beginning of the lost window.",
    "Run the window in chunks of one day.",
    "Compare row counts with the source, stream by stream.",
    "Resume the schedule and note the run in the log of the data platform.",
]


def documents() -> list[Document]:
    """Eight routes a company of this kind has."""
    return [
        sync(
            "crm-to-warehouse",
            "CRM to warehouse",
            "Accounts, contacts and deals of the CRM for reporting. Not for contacting people.",
            "data-platform",
            (place("CRM", "crm", "accounts", "contacts", "deals"), place("Warehouse", "raw.crm")),
            "0 */2 * * *",
            3 * HOUR,
            730,
            STEPS,
        ),
        sync(
            "billing-to-warehouse",
            "Billing to warehouse",
            "Invoices and payments of the billing system of record; feeds recognized revenue.",
            "billing-team",
            (place("Billing", "billing", "invoices", "payments", "credit_notes"), place("Warehouse", "raw.billing")),
            "15 * * * *",
            2 * HOUR,
            2555,
            STEPS,
        ),
        sync(
            "product-events-to-lake",
            "Product events to data lake",
            "Clicks and feature use, without personal data.",
            "data-platform",
            (
                place("Event bus", "product-events", "clicks", "features"),
                place("Data lake", "s3://lake/product-events"),
            ),
            "*/15 * * * *",
            30 * MINUTE,
            400,
            ["Pause the consumer.", "Rewind its offsets.", "Replay into a new partition.", "Swap the partition."],
            classes="A1 R0 S1",
        ),
        sync(
            "erp-to-finance-mart",
            "ERP to finance mart",
            "General ledger and cost centres for the monthly close.",
            "finance-team",
            (place("ERP", "gl", "journal_lines", "cost_centres"), place("Finance mart", "finance.gl")),
            "30 2 * * *",
            30 * HOUR,
            3650,
            STEPS,
            classes="A2 R2 S2",
        ),
        sync(
            "ads-to-warehouse",
            "Advertising spend to warehouse",
            "Daily spend and clicks by campaign from the ad networks.",
            "data-platform",
            (place("Ad networks", "ads", "campaigns", "spend"), place("Warehouse", "raw.ads")),
            "0 6 * * *",
            DAY + 6 * HOUR,
            730,
            STEPS,
            classes="A1 R0 S1",
        ),
        sync(
            "support-tickets-to-warehouse",
            "Support tickets to warehouse",
            "Tickets and their handling times; texts are masked on the way.",
            "support-team",
            (place("Ticketing", "support", "tickets", "satisfaction"), place("Warehouse", "raw.support")),
            "45 */4 * * *",
            6 * HOUR,
            365,
            STEPS,
            classes="A2 R1 S3",
        ),
        sync(
            "warehouse-to-customer-portal",
            "Warehouse to customer portal",
            "Usage and balances that customers see in their own portal.",
            "data-platform",
            (place("Warehouse", "mart.usage", "usage_daily", "balances"), place("Customer portal", "portal.usage")),
            "*/30 * * * *",
            HOUR,
            90,
            STEPS,
            classes="A2 R2 S2",
            customer_impacting=True,
        ),
        sync(
            "identity-to-directory",
            "Identity provider to directory",
            "Who works here and in which team, for ownership and access.",
            "ai-platform",
            (place("Identity provider", "idp", "people", "groups"), place("Directory", "directory.people")),
            "5 * * * *",
            2 * HOUR,
            365,
            STEPS,
            classes="A2 R1 S3",
        ),
    ]


def tell(now: datetime) -> None:
    """Report the runs up to now, as the scheduler did; told again at another start, those that are known stand."""
    scheduler = Actor.of(User.objects.get(username=ACCOUNT))
    reports = [
        Report(key, _run(key, number, now)) for key, (_every, many, *_rest) in _RUNS.items() for number in range(many)
    ]
    for first in range(0, len(reports), 500):
        for one in take_many(actor=scheduler, reports=reports[first : first + 500], now=now):
            if isinstance(one, Refusal) and one.rule != "ended_otherwise":
                raise one
    if not BreakingNotice.objects.exists():
        _announce(now)


def _run(key: str, number: int, now: datetime) -> dict[str, Any]:
    """The run that many before the newest; at the same instants whenever it is asked."""
    every, _many, rows, streams = _RUNS[key]
    turn = int((now.timestamp() - 10 * MINUTE) // every) - number
    started = datetime.fromtimestamp(turn * every, UTC)
    took = min(8 * MINUTE, every // 4)
    brought = rows + (turn * 37) % max(1, rows // 5)
    told: dict[str, Any] = {
        "run": f"scheduled__{started:%Y-%m-%dT%H:%M}",
        "state": "succeeded",
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(seconds=took)).isoformat(),
        "rows": brought,
        "bytes": brought * 260,
    }
    if number == 0 and key == _RUNNING:
        return {name: told[name] for name in ("run", "started_at")} | {"state": "running"}
    if number == 0 and key == _FAILED:
        return told | {"state": "failed", "rows": 0, "bytes": 0, "note": "The ad network answered 503 three times."}
    parts = [
        {"name": name, "mode": "incremental", "cursor": f"{started:%Y-%m-%d %H:%M}", "rows": brought // len(streams)}
        for name in streams
    ]
    return told | {"data_until": started.isoformat(), "streams": parts}


def _announce(now: datetime) -> None:
    """A breaking change that one reader has moved for, and a sync that is paused while its source moves."""
    draft = notices.Draft(
        "The column email of contacts goes", "Use email_hash; it is there already.", now + timedelta(days=12),
        ["Pipeline board", "warehouse-to-customer-portal", "lead-scoring"],
    )  # fmt: skip
    key = "crm-to-warehouse"
    notice = notices.announce(actor=actor("engineer"), sync=key, draft=draft, now=now)
    notices.moved(actor=actor("engineer"), sync=key, notice_id=notice.pk, consumers=["Pipeline board"], now=now)
    pausing.pause(
        actor=actor("operator"), sync=_PAUSED, until=now + timedelta(hours=6), now=now,
        reason="The identity provider moves to its new region this afternoon.",
    )  # fmt: skip
