"""What the page of a metric shows beside its document."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context

from metrics.models import Metric
from metrics.values.panel import panel
from portal.operations.services import database_now

register = template.Library()


@register.simple_tag(takes_context=True)
def measured(context: Context, entry: Metric) -> dict[str, Any]:
    """The measured values of a metric, as the query of the page asks for them."""
    request = context.get("request")
    asked = request.GET.dict() if isinstance(request, HttpRequest) else {}
    return panel(entry, {name: str(value) for name, value in asked.items()}, database_now())
