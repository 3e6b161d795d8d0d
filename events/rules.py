"""What stands against a family or a schema version: fixed parts, numbers, drift, examples. Called on every check and on apply."""

from django.utils.translation import gettext as _

from events.documents import order_of
from events.explaining import explained, hurting
from events.line import Standing, judged, line_before, lookup, referring, standing_family, versions_of
from events.models import EventFamily, EventSchema
from events.schemas import Mode, Unresolved, Verdict, bundled, pointer_of, problems_of, validator_of
from portal.policy.rules import level
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.models import STANDING
from portal.registry.rules import Floor

FIXED = ("family", "number", "schema", "examples", "migration_note", "deadline", "waiver_reason", "waiver_expires")
MOST_TOLD = 6


def floor_of_family(document: Document) -> Floor:
    """Changing what others rely on takes some effort to undo; its sensitivity is that of its most sensitive field."""
    return Floor(reversibility=1, sensitivity=level(document["sensitivity_class"]), approval=1)


def floor_of_schema(document: Document) -> Floor:
    """A version is signed by a lead, one that breaks the mode by a function head too."""
    breaks = bool(document.get("migration_note") or document.get("waiver_reason"))
    return Floor(reversibility=1, approval=2 if breaks else 1)


def touched_by_family(before: Document | None, after: Document) -> frozenset[str]:
    """Another sensitivity, or payloads that are kept from now on, raise the class of the change by themselves."""
    other = before is not None and before["sensitivity_class"] != after["sensitivity_class"]
    kept = after["keep_refused"] and not (before or {}).get("keep_refused")
    return frozenset({"sensitivity"}) if other or kept else frozenset()


def schema_transition(before: Document | None, after: Document) -> list[Problem]:
    """What stands against registering a version, or against changing one that is registered."""
    if before is not None:
        return [
            Problem(name, _("A registered version is fixed; register the next one."), "fixed")
            for name in FIXED
            if before[name] != after[name]
        ]
    family = standing_family(after["family"], hold=True)
    if family is None:
        message = _("There is no active event family “%s”.") % after["family"]
        return [Problem("family", message, "unknown_family")]
    wrong = problems_of(after["schema"], lookup)
    if wrong:
        return [Problem("schema", f"{one.path or '#'}: {one.message}", one.code) for one in wrong[:20]]
    return _number_problems(after) + _example_problems(after) + _drift(after, family)


def schema_retiring(version: EventSchema) -> list[Problem]:
    """A version that others stand on stays: without it they could not be judged any more."""
    on_it = [one for one in referring(version) if one.state in STANDING][:MOST_TOLD]
    if not on_it:
        return []
    named = ", ".join(f"{one.family} {one.number}" for one in on_it)
    return [Problem("to_state", _("Others refer to it: %s. Retire those first.") % named, "referred_to")]


def _number_problems(document: Document) -> list[Problem]:
    order = order_of(document["number"])
    rows = EventSchema.objects.filter(family=document["family"]).values_list("major", "minor", "patch")
    known: list[tuple[int, ...]] = list(rows)
    same = [one for one in known if one[0] == order[0]]
    if same and order <= max(same):
        newest = ".".join(map(str, max(same)))
        return [Problem("number", _("A version comes after the last of its major, which is %s.") % newest, "number")]
    majors = {one[0] for one in known}
    if majors and order[0] not in majors and order[0] != max(majors) + 1:
        return [Problem("number", _("The next major is %d.") % (max(majors) + 1), "number")]
    return []


def _example_problems(document: Document) -> list[Problem]:
    found = []
    validator = validator_of(bundled(document["schema"], lookup))
    for index, one in enumerate(document["examples"]):
        accepted = validator.is_valid(one["event"])
        if accepted == one["valid"]:
            continue
        if accepted:
            message = _("The schema accepts it and should not.")
        else:
            error = next(iter(validator.iter_errors(one["event"])))
            where = pointer_of(error.instance_path) or "#"
            message = _("The schema refuses it at %(where)s: %(why)s") % {"where": where, "why": error.message[:300]}
        found.append(Problem(f"examples.{index}.event", message, "example"))
    return found


def _drift(document: Document, family: EventFamily) -> list[Problem]:
    """No silent drift: what the mode refuses, explained, unless it breaks openly or the approvers sign a waiver."""
    if document["waiver_reason"]:
        return []
    try:
        judgement = judged(document, family)
        replay = _replayed(document, line_before(document, versions_of(family.key)), family)
    except Unresolved as error:
        return [Problem("schema", str(error), "dangling")]
    return [
        Problem("schema", _explained(document, family, one), "incompatible") for one in judgement.against[:3]
    ] + replay


def _replayed(document: Document, earlier: list[Standing], family: EventFamily) -> list[Problem]:
    """Stored events of the earlier versions, where the mode says that they must be read."""
    if "BACKWARD" not in family.compatibility and "FULL" not in family.compatibility:
        return []
    counting = earlier if family.compatibility.endswith("_TRANSITIVE") else earlier[-1:]
    validator = validator_of(bundled(document["schema"], lookup))
    return [
        Problem(
            "schema",
            _("It refuses the stored example “%(name)s” of version %(number)s.")
            % {"name": example["name"], "number": one.number},
            "replay",
        )
        for one in counting
        for example in one.examples
        if example["valid"] and not validator.is_valid(example["event"])
    ][:MOST_TOLD]


def explanation(document: Document, verdict: Verdict) -> list[str]:
    """What differs from the version of a verdict and may break its direction, in sentences with pointers."""
    old = lookup(document["family"], verdict.version)
    if old is None:
        return []
    return hurting(verdict, bundled(old, lookup), bundled(document["schema"], lookup))


def _explained(document: Document, family: EventFamily, verdict: Verdict) -> str:
    told = explained(Mode(family.compatibility), verdict, explanation(document, verdict))
    remedy = _("Mend it, or begin a new major with a migration note and a deadline, or ask for a waiver.")
    return f"{told} {remedy}"
