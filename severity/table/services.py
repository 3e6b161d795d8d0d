"""What is written with a version of the severity table: the cells and clocks that the statements of the sweep read."""

from datetime import datetime

from portal.people.actors import Actor
from severity.models import LevelClock, RuleLevel, SeverityTable
from severity.table.documents import table_of
from severity.table.rules import cells


def settle(entry: SeverityTable, actor: Actor, now: datetime) -> None:
    """Write the version as rows. Runs in the transaction that applies the change; incidents opened after it are judged by it."""
    table = table_of(entry.document, version=entry.version)
    RuleLevel.objects.all().delete()
    RuleLevel.objects.bulk_create(
        [RuleLevel(rule=rule, circumstance=seen, level=table.level(rule, seen).value) for rule, seen in cells()]
    )
    for level, clocks in table.clocks.items():
        LevelClock.objects.update_or_create(
            level=level.value,
            defaults={
                "ack_minutes": clocks.acknowledge,
                "update_minutes": clocks.update,
                "resolve_minutes": clocks.resolve,
                "review_days": clocks.review_days,
                "table_version": entry.version,
            },
        )
