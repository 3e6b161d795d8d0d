"""The registry as it stood at a past moment: one version of each entry, found by the index on the past.

`history.as_of()` of django-simple-history is never used for lists: it reads every version of every entry.
"""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from portal.registry.models import Entry


def versions_at(model: type[Entry], moment: datetime) -> QuerySet[Any]:
    """The version of each entry that stood at that moment, as rows of the version table."""
    history: Any = model.history.model
    newest = (
        history._default_manager.order_by()
        .filter(id=OuterRef("pk"), history_date__lte=moment)
        .order_by("-history_date", "-history_id")
        .values("history_id")[:1]
    )
    standing = model._default_manager.order_by().filter(created_at__lte=moment).values_list(Subquery(newest))
    found: QuerySet[Any] = history._default_manager.filter(history_id__in=standing).order_by("key")
    return found
