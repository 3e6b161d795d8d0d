"""The cells of the list of data syncs. Of a moment of the past nothing is known but the document."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from connectors.syncs import reads
from connectors.syncs.rules import SOON_SECONDS
from portal.registry.models import VersionRecord
from portal.web import marks


def _nothing() -> SafeString:
    return format_html('<span class="faint">{}</span>', "–")


def _past(row: Any) -> bool:
    return isinstance(row, VersionRecord)


def shown(row: Any, now: datetime) -> SafeString:
    """How it stands."""
    return _nothing() if _past(row) else marks.state(row.shown)


def success(row: Any, now: datetime) -> SafeString:
    """When a run last succeeded."""
    return _nothing() if _past(row) else marks.ago(row.success_at, now)


def deadline(row: Any, now: datetime) -> SafeString:
    """By when the next success must be there."""
    if _past(row) or row.deadline_at is None:
        return _nothing()
    return marks.until(row.deadline_at, now, min(SOON_SECONDS, int(row.freshness_seconds) // 4))


def rows(row: Any, now: datetime) -> SafeString:
    """How many rows the newest success brought, and how many are usual."""
    if _past(row) or row.last_rows is None:
        return _nothing()
    typical = "–" if row.typical is None else f"{row.typical:,}"
    return format_html('<bdi dir="ltr">{} / {}</bdi>', f"{row.last_rows:,}", typical)


def breaking(row: Any, now: datetime) -> SafeString:
    """By when its readers must have moved."""
    return _nothing() if _past(row) or row.breaking_due is None else marks.until(row.breaking_due, now, 7 * 86400)


def tested(row: Any, now: datetime) -> SafeString:
    """When its runbook was rehearsed last, as it stands."""
    if _past(row):
        return _nothing()
    if row.drilled_at is None:
        return format_html('<span class="muted">{}</span>', _("not yet"))
    if not reads.runbook_tested(row.runbook, row.drill_digest):
        return format_html('<span class="muted">{}</span>', _("changed since"))
    return marks.ago(row.drilled_at, now)
