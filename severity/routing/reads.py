"""Routes and silences with what every list shows."""

from datetime import datetime

from django.db.models import QuerySet

from severity.models import Route, Silence


def routes() -> QuerySet[Route]:
    """All of them by name, those that are off too."""
    related = ("team", "connector", "members_of", "endpoint", "room", "escalate_to")
    return Route.objects.select_related(*related).defer("connector__document").order_by("name")


def silences(*, now: datetime | None = None) -> QuerySet[Silence]:
    """All of them, the one that ends last first; with `now` those that are not over."""
    found = Silence.objects.select_related("team", "connector", "author").defer("connector__document")
    return found.filter(ends_at__gt=now) if now is not None else found
