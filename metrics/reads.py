"""What pages, commands and checks ask of decisions and the lineage choice."""

from metrics.models import LineageChoice


def lineage_choice() -> LineageChoice | None:
    """The one choice with the ruling and the decision that it follows from; None before there is one."""
    return LineageChoice.objects.select_related("ruling__decision", "owner").first()
