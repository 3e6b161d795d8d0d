"""A list with its filters, order and columns, under a name."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.roles import Role

MOST_PINNED = 7


class SavedView(models.Model):
    """A view of one list: the query of its address, without the place in the list.

    `shared` shows it to everybody on that list. `place` is where it is pinned in the rail of its owner (1 to 7), NULL = nowhere.
    `opens`: the list opens with it for its owner. `opens_for`: for everybody of this role who has none of their own, as an
    administrator said; such a view is shared.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    path = models.CharField(max_length=120)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField(null=True, blank=True)
    opens = models.BooleanField(default=False)
    opens_for = models.CharField(max_length=20, choices=Role.choices, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = [F("place").asc(nulls_last=True), "path", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "path", "name"],
                name="saved_view_name",
                violation_error_message=_("You have a view of this list with that name."),
            ),
            models.UniqueConstraint(
                fields=["user", "place"], condition=Q(place__isnull=False), name="saved_view_place"
            ),
            models.UniqueConstraint(fields=["user", "path"], condition=Q(opens=True), name="saved_view_opens"),
            models.UniqueConstraint(
                fields=["path", "opens_for"], condition=~Q(opens_for=""), name="saved_view_of_role"
            ),
            models.CheckConstraint(condition=Q(opens_for="") | Q(shared=True), name="saved_view_of_role_shared"),
            models.CheckConstraint(
                condition=Q(place__isnull=True) | Q(place__range=(1, MOST_PINNED)), name="saved_view_pinned"
            ),
        ]
        indexes = [models.Index(fields=["path", "name"], condition=Q(shared=True), name="saved_view_shared")]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where it leads."""
        return f"{self.path}?{self.query}" if self.query else self.path
