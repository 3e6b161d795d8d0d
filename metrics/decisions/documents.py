"""The document of a decision: an architecture decision record with what it rules."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from metrics.decisions.rules import KEY_PATTERN, TOPIC_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer
from portal.registry.times import DayField

MOST_TEXT = 50_000
_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}


def _names(label: Any, help_text: Any, **more: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=120), max_length=50, label=label, help_text=help_text, **more
    )


class RuledSerializer(StrictSerializer):
    """One topic and what is chosen for it."""

    topic = serializers.RegexField(
        TOPIC_PATTERN,
        max_length=40,
        label=_("Topic"),
        help_text=_("What is decided. Lower-case letters, digits, single hyphens."),
        style={"example": "lineage"},
    )
    choice = serializers.CharField(
        max_length=60, label=_("Choice"), help_text=_("What is chosen for it."), style={"example": "openlineage"}
    )


class DecisionSerializer(EntrySerializer):
    """A decision: number, title, date, who decided, what it rules, which ones it takes the place of, and the text."""

    key = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Number"),
        help_text=_("adr- and four digits; used once for ever."),
        style={"example": "adr-0007"},
        error_messages={"invalid": _("Write it as adr-0007.")},
    )
    name = serializers.CharField(
        max_length=120,
        label=_("Title"),
        help_text=_("The decision in one line."),
        style={"example": "Keep lineage in OpenLineage"},
    )
    description = serializers.CharField(
        max_length=2000,
        label=_("Summary"),
        help_text=_("What was decided and why, in a sentence or two; it may be put better later."),
        style={"example": "Lineage events go to one receiver, so that there is one graph.", "rows": 2},
        **_OPTIONAL,
    )
    description_ar = serializers.CharField(
        max_length=2000,
        label=_("Summary in Arabic"),
        help_text=_("The same for readers of Arabic."),
        style={"rows": 2},
        **_OPTIONAL,
    )
    date = DayField(
        label=_("Date"), help_text=_("When it was decided, as 2026-01-31."), style={"example": "2026-01-31"}
    )
    deciders = _names(_("Deciders"), _("Who decided, one a line."), min_length=1, style={"example": "Huda Saleh"})
    consulted = _names(_("Consulted"), _("Who was asked, one a line."), required=False, default=list)
    informed = _names(_("Informed"), _("Who is told, one a line."), required=False, default=list)
    decides = RuledSerializer(  # type: ignore[call-arg] # the list's own bound
        many=True,
        required=False,
        default=list,
        max_length=20,
        label=_("What it rules"),
        help_text=_("Topics for which one decision stands at a time, such as lineage."),
    )
    supersedes = serializers.ListField(
        child=serializers.RegexField(
            KEY_PATTERN, max_length=60, error_messages={"invalid": _("Write it as adr-0007.")}
        ),
        required=False,
        default=list,
        max_length=50,
        label=_("Supersedes"),
        help_text=_("The decisions whose place it takes, one a line: adr-0001."),
        style={"example": "adr-0001"},
    )
    text = serializers.CharField(
        max_length=MOST_TEXT,
        trim_whitespace=False,
        label=_("Text"),
        help_text=_("Context, options and consequences, in Markdown."),
        style={"rows": 16, "mono": True},
    )

    def validate(self, attrs: Any) -> Any:
        problems: dict[str, Any] = {}
        if not attrs["text"].strip():
            problems["text"] = _("This field may not be blank.")
        if attrs["key"] in attrs["supersedes"]:
            problems["supersedes"] = _("That is the decision itself.")
        topics = [one["topic"] for one in attrs["decides"]]
        twice = sorted({topic for topic in topics if topics.count(topic) > 1})
        if twice:
            problems["decides"] = _("Named twice: %s.") % ", ".join(twice)
        if problems:
            raise serializers.ValidationError(problems)
        attrs["supersedes"] = list(dict.fromkeys(attrs["supersedes"]))
        # One form of line ends, so that a file and a form give the same document.
        attrs["text"] = "\n".join(attrs["text"].splitlines()).strip("\n") + "\n"
        return attrs
