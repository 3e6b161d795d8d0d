"""The lineage choice, as an entry: one, for ever, that follows from an accepted decision."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.choice.rules import KEY, TOPIC
from metrics.models.decision import Ruling
from portal.people.models import Team
from portal.refusals import Conflict
from portal.registry.documents import Document
from portal.registry.models import Entry, EntryState


class LineageChoice(Entry):
    """Where lineage is kept. The database refuses one that no standing ruling of its decision chooses."""

    choice = models.CharField(max_length=60)
    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="+")

    class Meta(Entry.Meta):
        ordering = ("key",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(key=KEY), name="lineage_choice_is_one"),
            models.CheckConstraint(condition=Q(state=EntryState.ACTIVE), name="lineage_choice_always_active"),
        ]

    @property
    def human_id(self) -> str:
        """LC-001."""
        return f"LC-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the choice."""
        return reverse("entry", args=["lineage-choice", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns; raises Conflict where no standing ruling of the decision chooses so.

        The rules were asked before; between them and this moment another decision may have been accepted.
        """
        super().take_document(document, owner)
        self.choice = document["choice"]
        rulings = Ruling.objects.select_for_update(of=("self",), no_key=True)
        ruling = rulings.filter(
            topic=TOPIC, stands=True, choice=self.choice, decision__key=document["decision"]
        ).first()
        if ruling is None:
            raise Conflict("no_standing_decision", _("No accepted decision that stands chooses “%s”.") % self.choice)
        self.ruling = ruling
