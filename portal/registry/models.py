"""Entry: what every governed thing has, and the version store under it."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from portal.people.models import Team, key_validator
from portal.registry.documents import Document, digest
from portal.registry.twins import Named, name_ar_of
from portal.search.words import word_indexes


class EntryState(models.TextChoices):
    """The life of an entry. Nothing is deleted; retired entries stay readable."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    DEPRECATED = "deprecated", _("Deprecated")
    RETIRED = "retired", _("Retired")


# In force: deprecated entries are, until they are retired.
STANDING = (EntryState.ACTIVE, EntryState.DEPRECATED)


class VersionRecord(Named, models.Model):
    """What the history model carries beside the entry's own columns: the change that made the version."""

    change = models.ForeignKey("changes.ChangeRequest", on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150)

    class Meta:
        abstract = True

    @property
    def human_id(self) -> str:
        """The id of the entry itself, RT-007."""
        text: str = self.instance_type.human_id.fget(self)  # type: ignore[attr-defined] # set by simple-history
        return text

    def get_absolute_url(self) -> str:
        """The page of the entry itself, as it stands now."""
        address: str = self.instance_type.get_absolute_url(self)  # type: ignore[attr-defined] # as above
        return address


class Entry(Named, models.Model):
    """A governed thing. `document` is the truth; the other columns are taken from it for queries.

    Written by `portal.changes.applying` alone: one applied change = one save = one history row = one version number.
    """

    key = models.CharField(max_length=60, unique=True, validators=[key_validator])
    name = models.CharField(max_length=120)
    name_ar = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=12, choices=EntryState.choices, default=EntryState.DRAFT)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=0)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    history: Any = HistoricalRecords(
        inherit=True,
        bases=[VersionRecord],
        history_id_field=models.BigAutoField(),
        get_user=lambda instance, **kwargs: getattr(instance, "applied_by", None),
    )
    # Set by the applying service before save, read when the history row is made.
    applied_change_id: int | None = None
    applied_by: Any = None
    applied_by_name: str = ""
    # The name that simple-history looks for: the version is of the moment that was passed in, like all else.
    _history_date: datetime | None = None

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(version__gte=1),
                name="%(app_label)s_%(class)s_version_from_1",
                violation_error_message=_("An entry exists from its first applied change on."),
            ),
        ]
        # For the search, and for each order that lists have. Kinds with indexes of their own name these too.
        indexes: ClassVar[list[models.Index]] = [
            *word_indexes("key", "name", "name_ar", first="name", name="%(class)s"),
            models.Index(fields=["name", "id"], name="%(class)s_by_name"),
            models.Index(fields=["updated_at", "id"], name="%(class)s_by_change"),
            models.Index(fields=["version", "id"], name="%(class)s_by_version"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def human_id(self) -> str:
        """The id as people write it; each kind has its own."""
        raise TypeError(f"{type(self).__name__} names no id.")

    def get_absolute_url(self) -> str:
        """The page of the entry; each kind has its own."""
        raise TypeError(f"{type(self).__name__} has no page.")

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the document and the columns taken from it. Kinds with columns of their own extend this."""
        self.document = document
        self.digest = digest(document)
        self.key = document["key"]
        self.name = document["name"]
        self.name_ar = name_ar_of(document)
        self.owner = owner


def _carry_change(sender: type[models.Model], **kwargs: Any) -> None:
    """Give the history row its change; simple-history offers this signal as the only way in."""
    instance, record = kwargs["instance"], kwargs["history_instance"]
    if isinstance(instance, Entry):
        record.change_id = instance.applied_change_id
        record.actor_name = instance.applied_by_name


pre_create_historical_record.connect(_carry_change, dispatch_uid="portal.registry.carry_change")
