"""Backfills of the demo: one that was verified, one at work with a part that failed, and drills of their runbook."""

from datetime import datetime, timedelta

from connectors.backfills import drilling, steering, working
from connectors.backfills.drilling import Rehearsal, StepDone
from connectors.backfills.working import Told
from portal.registry.documents import Document
from severity.demo.people import actor
from severity.demo.syncs import STEPS

AGO = 0.5
_DONE, _AT_WORK = "ads-gap", "billing-tax"


def documents(now: datetime) -> list[Document]:
    """Two plans."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    plans = (
        (
            _DONE,
            "Advertising spend, the lost weekend",
            "ads-to-warehouse",
            12,
            2,
            24,
            "The ad networks were down for a weekend.",
        ),
        (
            _AT_WORK,
            "Billing, with tax",
            "billing-to-warehouse",
            10,
            8,
            24,
            "Amounts were loaded without tax for eight days.",
        ),
    )
    return [
        {
            "key": key,
            "name": name,
            "description": f"Loads {days} days again.",
            "owner": "data-platform",
            "sync": sync,
            "window_from": (today - timedelta(days=ago)).isoformat(),
            "window_to": (today - timedelta(days=ago - days)).isoformat(),
            "partition_hours": hours,
            "streams": [],
            "reason": reason,
            "estimate": {
                "rows": 12_000 * days,
                "cost": "Warehouse credits of a few USD",
                "downstream": "Finance knows.",
            },
            "runbook_digest": "",
        }
        for key, name, sync, ago, days, hours, reason in plans
    ]


def tell(now: datetime) -> None:
    """What the workers told, what a person verified, and two drills."""
    begun = now - timedelta(hours=3)
    for minutes in range(2):
        _load(_DONE, 11_800 + minutes, begun + timedelta(minutes=20 * minutes))
    words = "Row counts of both days equal those of the ad networks' reports: 23,601."
    steering.verify(actor=actor("noor"), key=_DONE, verification=words, now=begun + timedelta(hours=1))
    begun = now - timedelta(minutes=50)
    for number in range(3):
        _load(_AT_WORK, 12_040 + 17 * number, begun + timedelta(minutes=12 * number))
    _load(_AT_WORK, None, now - timedelta(minutes=10))
    _load(_AT_WORK, 12_090, now - timedelta(minutes=8))
    _claim(_AT_WORK, now - timedelta(minutes=1))
    for sync, days, passed in (("billing-to-warehouse", 30, True), ("ads-to-warehouse", 16, False)):
        done = len(STEPS) if passed else 3
        told = Rehearsal(
            passed=passed,
            drilled_at=now - timedelta(days=days),
            minutes=40,
            steps=[StepDone(number, done=True) for number in range(1, done + 1)],
            note="Went through in one sitting." if passed else "Nobody on call knew where the cursor is reset.",
        )
        drilling.drill(actor=actor("noor"), sync=sync, told=told, now=now)


def _claim(key: str, at: datetime) -> Told | None:
    found = working.claim(actor=actor("engineer"), key=key, worker="airflow-2", lease_seconds=1800, now=at).partition
    return None if found is None else Told(found.worker, found.lease, "running", note=str(found.number))


def _load(key: str, rows: int | None, at: datetime) -> None:
    """One part, loaded in eight minutes; one without rows fails."""
    held = _claim(key, at)
    assert held is not None
    state, note = ("failed", "The source closed the connection.") if rows is None else ("done", "")
    told = Told(held.worker, held.lease, state, rows=rows, note=note)
    done = at + timedelta(minutes=1 if rows is None else 7)
    working.report(actor=actor("engineer"), key=key, number=int(held.note), told=told, now=done)
