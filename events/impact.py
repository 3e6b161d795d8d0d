"""Who feels a change of a family or a new schema version: those who write and read its events."""

from django.utils.translation import gettext as _

from events.line import lookup, versions_of
from events.models import EventFamily
from events.schemas import bundled, lost_fields
from portal.registry.documents import Document
from portal.registry.kinds import Impact


def impact_of_family(key: str, before: Document | None, after: Document) -> list[Impact]:
    """Everybody who is named as a producer or a consumer, before or after."""
    found = []
    for part, word in (("producers", _("writes its events")), ("consumers", _("reads its events"))):
        names = [one["service"] for document in (after, before or {}) for one in document.get(part) or []]
        found += [Impact(word, name) for name in dict.fromkeys(names)]
    return found


def impact_of_schema(key: str, before: Document | None, after: Document) -> list[Impact]:
    """The consumers of the family, and which of the fields they read are lost by this version."""
    family = EventFamily.objects.filter(key=after.get("family", "")).first()
    if family is None:
        return []
    schema = after.get("schema")
    earlier = [one for one in versions_of(family.key) if one.key != key]
    found = [Impact(_("writes its events"), one["service"]) for one in family.document["producers"]]
    for consumer in family.document["consumers"]:
        lost: list[str] = []
        if isinstance(schema, dict) and earlier and before is None:
            new, old = bundled(schema, lookup), bundled(earlier[-1].schema, lookup)
            lost = lost_fields(consumer["reads"], old, new)
        what = _("loses fields that it reads: %s") % ", ".join(lost) if lost else _("reads its events")
        found.append(Impact(what, consumer["service"], family.get_absolute_url()))
    return found
