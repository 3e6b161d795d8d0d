"""Who feels a change of a connector: the agents that call it, and the tasks that run through it."""

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import TrackedTask
from portal.registry.documents import Document
from portal.registry.kinds import Impact


def _allowed(document: Document | None) -> dict[str, set[str]]:
    profile = (document or {}).get("runtime_tool") or {}
    return {entry["agent"]: set(entry["operations"]) for entry in profile.get("allowlist") or [] if "agent" in entry}


def impact_of(key: str, before: Document | None, after: Document) -> list[Impact]:
    """Agents that gain or lose operations, those that go on calling it, and tasks that are open now."""
    old, new = _allowed(before), _allowed(after)
    found = []
    for agent in dict.fromkeys([*new, *old]):
        gained, lost = new.get(agent, set()) - old.get(agent, set()), old.get(agent, set()) - new.get(agent, set())
        if gained:
            found.append(Impact(_("may call now"), f"{agent}: {', '.join(sorted(gained))}"))
        if lost:
            found.append(Impact(_("may no longer call"), f"{agent}: {', '.join(sorted(lost))}"))
        if not gained and not lost:
            found.append(Impact(_("goes on calling it"), agent))
    sync = after.get("data_movement") or {}
    if sync:
        dataset = sync.get("destination", {}).get("dataset", "")
        found.append(Impact(_("readers of the dataset"), str(dataset)))
    tasks = TrackedTask.objects.filter(connector__key=key, ended_at__isnull=True).aggregate(n=Count("id"))["n"]
    if tasks:
        text = ngettext("one open task", "%(n)s open tasks", tasks) % {"n": tasks}
        found.append(Impact(_("runs through it now"), text, f"{reverse('tasks')}?q={key}"))
    return found
