"""What stands against a metric, and what its author should look at. Called on every check and on apply."""

from django.utils.translation import gettext as _

from metrics.models import Metric
from metrics.rules import FIXED, Named, near
from portal.people.models import Team
from portal.people.reads import has_somebody
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.registry.rules import Floor

MOST_TOLD = 5


def floor(document: Document) -> Floor:
    """What executives read is signed by a lead, whatever the author says."""
    return Floor(reversibility=1, approval=1)


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """A key has one meaning: unit and type stay. The keys that it names are there, and its team has somebody."""
    found = _unanswered(after["owner"])
    if before is not None:
        found += [
            Problem(
                name, _("A key has one meaning for ever: register another metric in another unit or type."), "fixed"
            )
            for name in FIXED
            if before[name] != after[name]
        ]
    named = {"replaced_by": [after["replaced_by"]] if after["replaced_by"] else [], "related": after["related"]}
    wanted = {key for keys in named.values() for key in keys}
    known = dict(Metric.objects.filter(key__in=wanted).values_list("key", "state"))
    for name, keys in named.items():
        for key in keys:
            if key not in known:
                found.append(Problem(name, _("There is no metric “%s”.") % key, "unknown_metric"))
            elif name == "replaced_by" and known[key] == EntryState.RETIRED:
                found.append(Problem(name, _("“%s” is retired itself.") % key, "retired_metric"))
    return found


def _unanswered(owner: str) -> list[Problem]:
    team = Team.objects.filter(key=owner).first()
    if team is None or has_somebody(team):
        return []
    message = _("“%s” has no active member: nobody would answer for the metric. Name another team, or add somebody.")
    return [Problem("owner", message % owner, "nobody")]


def advice(document: Document) -> list[str]:
    """Metrics that are told in nearly the same words, in either language: the author says whether it is another one."""
    mine = _named(str(document.get("key") or ""), document)
    others = [_named(key, told) for key, told in Metric.objects.values_list("key", "document")]
    parts = {"key": _("key"), "label": _("label"), "definition": _("definition")}
    return [
        _(
            "Nearly the same %(part)s as “%(key)s” (%(share)d %% of its words): use that one, or say how this one differs."
        )
        % {"part": parts[one.part], "key": one.key, "share": round(one.share * 100)}
        for one in near(mine, others)[:MOST_TOLD]
    ]


def _named(key: str, document: Document) -> Named:
    def text(name: str) -> str:
        return str(document.get(name) or "")

    return Named(key, (text("name"), text("label_ar")), (text("description"), text("definition_ar")))
