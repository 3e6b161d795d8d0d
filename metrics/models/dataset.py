"""Datasets, as entries."""

from typing import ClassVar

from django.db import models
from django.urls import reverse

from metrics.models.lineage import MOST_NAME
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


class Dataset(Entry):
    """A dataset with an owner: what its columns hold, who consumes it, what is made of it."""

    namespace = models.CharField(max_length=MOST_NAME)
    dataset = models.CharField(max_length=MOST_NAME)
    classification = models.CharField(max_length=10, help_text="The strictest of its columns.")

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.UniqueConstraint(
                fields=["namespace", "dataset"],
                name="dataset_once",
                violation_error_message="This dataset is registered under another key.",
            ),
        ]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="dataset_state"),
            models.Index(fields=["classification", "key"], name="dataset_class"),
        ]

    @property
    def human_id(self) -> str:
        """DS-007."""
        return f"DS-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the dataset."""
        return reverse("entry", args=["datasets", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and the graph need."""
        super().take_document(document, owner)
        self.namespace = document["namespace"]
        self.dataset = document["dataset"]
        self.classification = strictest(document)


# From the strictest on.
CLASSIFICATIONS = ("regulated", "personal", "internal", "public")


def strictest(document: Document) -> str:
    """The strictest class of the columns. One without columns may hold anything: regulated, until somebody says otherwise."""
    named = {column["classification"] for column in document["columns"]}
    return next((one for one in CLASSIFICATIONS if one in named), CLASSIFICATIONS[0])
