"""Exceptions: a V2 that a release may live with, on named people's word, until a named moment."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.people.models import Team
from portal.refusals import Conflict
from portal.registry.documents import Document
from portal.registry.models import Entry
from severity.models.incident import Incident
from severity.models.release import ReleaseCandidate
from severity.rules import Level


def exception_id(number: int) -> str:
    """EXC-007."""
    return f"EXC-{number:03d}"


class GateException(Entry):
    """One incident that does not hold up one release, until `expires_at`. Who approved it, its change says.

    Whether it is alive is judged by the clock at the moment of the question, never by a job; retired, it has ended early. A
    trigger refuses one for anything but a V2, and the gate heeds none whose incident has become worse since.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="exceptions")
    release = models.ForeignKey(ReleaseCandidate, on_delete=models.PROTECT, related_name="exceptions")
    expires_at = models.DateTimeField()

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [*Entry.Meta.constraints]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["release", "incident", "expires_at"], name="exception_of_release"),
        ]

    @property
    def human_id(self) -> str:
        """EXC-007."""
        return exception_id(self.id)

    def get_absolute_url(self) -> str:
        """The page of the exception."""
        return reverse("entry", args=["exceptions", self.key])

    def live(self, now: datetime) -> bool:
        """Whether it lifts its block at this moment."""
        return self.state == "active" and self.expires_at > now

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that the gate needs."""
        super().take_document(document, owner)
        # The rules were asked before; between them and this moment the incident may have become worse.
        incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(
            pk=int(document["incident"].removeprefix("INC-"))
        )
        if incident.severity != Level.V2 and not self.version:
            words = _("%(id)s is a %(level)s by now: an exception is for a V2 alone.")
            raise Conflict("not_v2", words % {"id": incident.human_id, "level": incident.level.name})
        self.incident = incident
        self.release = ReleaseCandidate.objects.get(key=document["release"])
        expires = parse_datetime(document["expires_at"])
        if expires is None:
            raise ValueError("The document was not checked.")
        self.expires_at = expires
