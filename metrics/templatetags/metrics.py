"""What the pages of metrics, decisions and the lineage choice show beside their documents."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.utils.safestring import SafeString

from metrics.decisions import markdown as reader
from metrics.lineage.shown import dataset_facts
from metrics.models import Checkpoint, Dataset, DecisionRecord, LineageChoice, Metric, NodeKind, Ruling, Workflow
from metrics.quality import reads as quality
from metrics.quality.rules import DIMENSIONS
from metrics.reads import lineage_choice
from metrics.values.panel import panel
from portal.operations.services import database_now

register = template.Library()


@register.filter
def dimension_words(name: str) -> str:
    """The row of a release that a checkpoint counts in, in words."""
    return str(dict(DIMENSIONS).get(name, name))


@register.filter
def markdown(text: str) -> SafeString:
    """Safe HTML of a Markdown text."""
    return reader.html(text)


@register.simple_tag
def decision_page(entry: DecisionRecord) -> dict[str, Any]:
    """Which decision took its place, which ones it took the place of, and what it rules."""
    newer = DecisionRecord.objects.filter(supersedes__older_id=entry.pk).defer("document").first()
    older = DecisionRecord.objects.filter(superseded__newer_id=entry.pk).defer("document").order_by("number")
    return {"newer": newer, "older": list(older), "rulings": list(Ruling.objects.filter(decision_id=entry.pk))}


@register.simple_tag
def chosen() -> LineageChoice | None:
    """The lineage choice with its decision; None before there is one."""
    return lineage_choice()


@register.simple_tag
def newer_ruling(choice: LineageChoice) -> Ruling | None:
    """The ruling that stands in place of the one that the choice follows from, if there is one."""
    if choice.ruling.stands:
        return None
    return Ruling.objects.filter(topic=choice.ruling.topic, stands=True).select_related("decision").first()


@register.simple_tag(takes_context=True)
def measured(context: Context, entry: Metric) -> dict[str, Any]:
    """The measured values of a metric, as the query of the page asks for them."""
    request = context.get("request")
    asked = request.GET.dict() if isinstance(request, HttpRequest) else {}
    return panel(entry, {name: str(value) for name, value in asked.items()}, database_now())


@register.simple_tag
def dataset_page(entry: Dataset) -> dict[str, Any]:
    """Columns as declared and as seen, consumers in words, and what it names."""
    return dataset_facts(entry)


@register.simple_tag
def checkpoint_page(entry: Checkpoint) -> dict[str, Any]:
    """The verdict now and since when, the newest runs, what failed, which workflows consume its dataset."""
    return quality.checkpoint_facts(entry, database_now())


@register.simple_tag
def checkpoints_of(entry: Dataset) -> list[Mapping[str, Any]]:
    """The checkpoints of a dataset with their verdicts."""
    return quality.checkpoints_of(entry, database_now())


@register.simple_tag
def promotion_of(entry: Workflow) -> quality.Promotion:
    """Whether the workflow may be promoted, and why not."""
    return quality.promotion(entry, database_now())


@register.simple_tag
def kind_word(kind: str) -> str:
    """What a kind of node is called."""
    return str(NodeKind(kind).label)
