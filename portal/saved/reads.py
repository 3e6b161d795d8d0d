"""Reading saved views."""

from django.db.models import Q, QuerySet

from portal.people.models import User
from portal.roles import Role
from portal.saved.models import MOST_PINNED, SavedView

MOST_SHOWN = 60


def views_of(user: User) -> QuerySet[SavedView]:
    """All that a person keeps."""
    return SavedView.objects.filter(user=user)


def pinned_of(user: User) -> list[SavedView]:
    """What is pinned in a person's rail, in its order."""
    return list(SavedView.objects.filter(user=user, place__isnull=False).order_by("place")[:MOST_PINNED])


def opening(path: str, user: User) -> SavedView | None:
    """The view that a list opens with for this person: the own one, else that of the role that trusts them most."""
    mine = Q(user=user, opens=True) | Q(opens_for__in=user.roles)
    order = list(Role)
    found = sorted(
        SavedView.objects.filter(mine, path=path),
        key=lambda view: len(order) if view.opens and view.user_id == user.pk else order.index(Role(view.opens_for)),
    )
    # One without a filter is the list itself.
    return found[-1] if found and found[-1].query else None


def views_on(path: str, user: User) -> list[SavedView]:
    """The views of a list that a person can choose: the own ones, then what others share."""
    found = (
        SavedView.objects.filter(Q(user=user) | Q(shared=True), path=path).select_related("user").order_by("name", "pk")
    )
    return sorted(found[:MOST_SHOWN], key=lambda view: view.user_id != user.pk)
