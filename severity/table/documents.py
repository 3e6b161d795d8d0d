"""The document of the severity table: the domain's own as data, which may be made stricter, never milder."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.registry.documents import Document, EntrySerializer, StrictSerializer
from severity.clocks import CLOCKS, Clocks
from severity.models import Severity
from severity.models.table import KEY
from severity.rules import RULES, Level, Rule
from severity.table.rules import BASELINE, CLOCK_NAMES, STALE_DAYS, Table, cells, milder, slower
from severity.table.runbooks import MOST_STEPS, RUNBOOKS, Runbook

MOST_MINUTES = 90 * 24 * 60
LEVELS = [(one.name, Severity(one.value).label) for one in Level]
SEEN = {
    "plain": _("Otherwise"),
    "customer": _("Touches customers"),
    "regulated": _("Regulated or personal data"),
    "governed": _("On a path of R2 or R3"),
    "steering": _("Agents write by it or are steered by it"),
}
_CLOCK_WORDS = {
    "acknowledge": _("Acknowledge within (min)"),
    "update": _("Update every (min)"),
    "resolve": _("Mitigate within (min)"),
    "review_days": _("Review within (days)"),
}


def _cells_of(rule: Rule) -> StrictSerializer:
    fields = {
        seen: serializers.ChoiceField(LEVELS, required=False, default=rule.least(seen).name, label=SEEN[seen])
        for seen in rule.circumstances
    }
    made: type[StrictSerializer] = type(
        f"Levels_{rule.name}", (StrictSerializer,), {"__doc__": f"How bad {rule.name} is.", **fields}
    )
    return made(required=False, default=lambda: _base_levels(rule), label=rule.label)


def _base_levels(rule: Rule) -> dict[str, str]:
    return {seen: rule.least(seen).name for seen in rule.circumstances}


def _clocks_of(level: Level) -> StrictSerializer:
    fields = {
        name: serializers.IntegerField(
            min_value=1,
            max_value=365 if name == "review_days" else MOST_MINUTES,
            required=False,
            allow_null=True,
            default=None,
            label=_CLOCK_WORDS[name],
        )
        for name in CLOCK_NAMES
    }
    made: type[StrictSerializer] = type(
        f"Clocks_{level.name}", (StrictSerializer,), {"__doc__": f"What {level.name} asks for.", **fields}
    )
    return made(label=Severity(level.value).label)


class StepsField(serializers.ListField):
    """The steps of a runbook, one a line."""

    def __init__(self, **given: Any) -> None:
        super().__init__(
            child=serializers.CharField(max_length=200), max_length=MOST_STEPS, required=False, default=list, **given
        )


class RuleStepsSerializer(StrictSerializer):
    """The steps of one rule."""

    en = StepsField(label=_("Steps in English"), help_text=_("One a line, twelve at most."))
    ar = StepsField(label=_("Steps in Arabic"), help_text=_("As many as in English, or none."))

    def validate(self, attrs: Any) -> Any:
        if attrs["ar"] and len(attrs["ar"]) != len(attrs["en"]):
            raise serializers.ValidationError({"ar": [serializers.ErrorDetail(
                str(_("As many steps as in English, or none.")), "other_number")]})  # fmt: skip
        return attrs


LevelsSerializer: type[StrictSerializer] = type(
    "LevelsSerializer",
    (StrictSerializer,),
    {"__doc__": "How bad each rule is.", **{rule.name: _cells_of(rule) for rule in RULES.values()}},
)
ClocksSerializer: type[StrictSerializer] = type(
    "ClocksSerializer",
    (StrictSerializer,),
    {"__doc__": "What each level asks for.", **{level.name: _clocks_of(level) for level in Level}},
)
RunbooksSerializer: type[StrictSerializer] = type(
    "RunbooksSerializer",
    (StrictSerializer,),
    {
        "__doc__": "The steps of each rule.",
        **{
            rule.name: RuleStepsSerializer(required=False, default=lambda: {"en": [], "ar": []}, label=rule.label)
            for rule in RULES.values()
        },
    },
)


class SeverityTableSerializer(EntrySerializer):
    """The whole table."""

    shown_examples = {
        "key": KEY,
        "name": "Severity table",
        "description": "How bad each kind of slip is, and how fast somebody has to act.",
    }

    levels = LevelsSerializer(label=_("Levels"))
    clocks = ClocksSerializer(label=_("Clocks"))
    runbooks = RunbooksSerializer(required=False, default=dict, label=_("Runbooks"))
    stale_days = serializers.IntegerField(
        min_value=1,
        max_value=90,
        required=False,
        default=STALE_DAYS,
        label=_("Readiness stands for (days)"),
        help_text=_("After so many days what a person said of a row of readiness counts for nothing."),
    )

    def validate_key(self, value: str) -> str:
        """There is one table."""
        if value != KEY:
            raise serializers.ValidationError(_("There is one table; its key is “%s”.") % KEY, code="one_table")
        return value

    def validate(self, attrs: Any) -> Any:
        table = table_of(attrs, version=0)
        errors: dict[str, Any] = {}
        for path, lesser in slower(table):
            _put(
                errors, path, _("A worse level may not be given more time than %s.") % lesser.name, "slower_than_lesser"
            )
        for path in milder(table):
            _put(errors, path, _("Milder than the domain's own table allows."), "milder_than_domain")
        if errors:
            raise serializers.ValidationError(errors)
        return attrs


def _put(errors: dict[str, Any], path: str, message: Any, code: str) -> None:
    *steps, last = path.split(".")
    for step in steps:
        errors = errors.setdefault(step, {})
    errors[last] = [serializers.ErrorDetail(message, code)]


def table_of(document: Document, *, version: int) -> Table:
    """The table that a sound document describes; what it does not say, as one from before a rule was known, is the domain's."""
    levels, runbooks = document["levels"], document.get("runbooks") or {}
    return Table(
        version=version,
        levels={
            (rule, seen): Level[told] for rule, seen in cells() if (told := levels.get(rule, {}).get(seen)) is not None
        },
        clocks={
            level: Clocks(**{name: document["clocks"].get(level.name, {}).get(name) for name in CLOCK_NAMES})
            for level in Level
        },
        runbooks={
            name: Runbook(tuple(runbooks[name]["en"]), tuple(runbooks[name]["ar"])) if name in runbooks else own
            for name, own in RUNBOOKS.items()
        },
        stale_days=document.get("stale_days", STALE_DAYS),
    )


def document_of(table: Table) -> Document:
    """What a table says, as a document without name and owner."""
    return {
        "levels": {
            rule.name: {seen: table.level(rule.name, seen).name for seen in rule.circumstances}
            for rule in RULES.values()
        },
        "clocks": {
            level.name: {name: getattr(clocks, name) for name in CLOCK_NAMES}
            for level, clocks in (table.clocks or CLOCKS).items()
        },
        "runbooks": {name: {"en": list(one.en), "ar": list(one.ar)} for name, one in table.runbooks.items()},
        "stale_days": table.stale_days,
    }


def baseline_document() -> Document:
    """The domain's own table as a document: what a first change of it starts from."""
    return {
        "key": KEY,
        "name": "Severity table",
        "description": "Which rule is how bad in which circumstance, by when each level wants what, and the steps to take.",
    } | document_of(BASELINE)
