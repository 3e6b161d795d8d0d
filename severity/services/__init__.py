"""What people and other systems do with incidents. Each act is a transaction of its own under the lock of its row."""

from severity.services.notes import (
    comment,
    link,
    record_measure,
    set_impact,
    subscribe,
    tick,
    unlink,
    unsubscribe,
    update,
    withdraw_measure,
)
from severity.services.opening import Told, declare, report
from severity.services.reviews import approve_review, write_review
from severity.services.severities import change_severity, merge
from severity.services.states import acknowledge, command, give, mitigate, resolve

__all__ = [
    "Told",
    "acknowledge",
    "approve_review",
    "change_severity",
    "command",
    "comment",
    "declare",
    "give",
    "link",
    "merge",
    "mitigate",
    "record_measure",
    "report",
    "resolve",
    "set_impact",
    "subscribe",
    "tick",
    "unlink",
    "unsubscribe",
    "update",
    "withdraw_measure",
    "write_review",
]
