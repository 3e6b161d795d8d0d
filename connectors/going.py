"""A connector that goes: when, what takes its place, who is still on it.

Refused is what nobody could act on: a deprecation without a day, a replacement that is none. That it goes early, or while others
stand on it, is told to its reviewers and not refused: a tool that leaks must be retired at once.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.consumers import consumers_of
from connectors.models import Connector
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.registry.times import day_of

CHAIN = 20
_TOLD = 5


def state_problems(entry: Connector | None, document: Document, state: str) -> list[Problem]:
    """What stands against a deprecation, or against a replacement that is named."""
    told = _of(document)
    found = []
    if state == EntryState.DEPRECATED and not told["sunset_on"]:
        message = _("Say from which day it may be retired, so that those who are on it can move.")
        found.append(Problem("deprecation.sunset_on", message, "sunset_missing"))
    if told["replaced_by"]:
        problem = _replacement_problem(document, told["replaced_by"])
        if problem is not None:
            found.append(Problem("deprecation.replaced_by", *problem))
    return found


def _replacement_problem(document: Document, key: str) -> tuple[str, str] | None:
    if key == document["key"]:
        return _("It cannot replace itself."), "replaces_itself"
    kind = "runtime_tool" if "runtime_tool" in document else "data_movement"
    row = Connector.objects.filter(key=key).values_list("kind", "state", "document__deprecation__replaced_by").first()
    if row is None:
        return _("There is no connector “%s”.") % key, "no_such_connector"
    if row[0] != kind:
        return _("“%s” is of the other kind.") % key, "other_kind"
    if row[1] == EntryState.RETIRED:
        return _("“%s” is retired itself.") % key, "replacement_retired"
    following = row[2]
    for _step in range(CHAIN):
        if not following:
            return None
        if following == document["key"]:
            return _("“%s” is to be replaced by this one: nobody would arrive.") % key, "replacement_circle"
        following = (
            Connector.objects.filter(key=following).values_list("document__deprecation__replaced_by", flat=True).first()
        )
    return _("Replacements follow each other over more than %d connectors.") % CHAIN, "replacement_chain"


def state_told(entry: Connector | None, document: Document, state: str, now: datetime) -> list[str]:
    """What reviewers should know of the step: that it is early, and who is still there."""
    if entry is None or state not in (EntryState.DEPRECATED, EntryState.RETIRED) or entry.state == EntryState.RETIRED:
        return []
    told = []
    sunset = sunset_of(document)
    if state == EntryState.RETIRED and entry.state != EntryState.DEPRECATED:
        told.append(_("It is retired without having been deprecated: nobody was told a day."))
    if state == EntryState.RETIRED and sunset is not None and now.date() < sunset:
        told.append(_("It is retired before its sunset, %s.") % sunset.isoformat())
    if state == EntryState.DEPRECATED and sunset is not None and sunset < now.date():
        told.append(_("Its sunset, %s, is in the past: it may be retired at once.") % sunset.isoformat())
    consumers = [one for one in consumers_of(entry) if one.kind != "reader"]
    if consumers:
        names = ", ".join(one.key for one in consumers[:_TOLD])
        more = _(" and others") if len(consumers) > _TOLD else ""
        text = ngettext("One consumer is still on it: %(names)s.", "%(n)d consumers are still on it: %(names)s%(more)s.",
                        len(consumers))  # fmt: skip
        told.append(text % {"n": len(consumers), "names": names, "more": more})
    return told


def _of(document: Document) -> dict[str, str]:
    """What is said of its going; a draft may hold anything there."""
    told = document.get("deprecation")
    found = told if isinstance(told, dict) else {}
    return {name: str(found.get(name) or "") for name in ("sunset_on", "replaced_by", "note")}


def sunset_of(document: Document) -> date | None:
    """The day from which it may be retired."""
    return day_of(_of(document)["sunset_on"])


def shown(entry: Connector, now: datetime) -> dict[str, Any]:
    """For the card on the page of a connector: only where it is going, gone, or said to be replaced."""
    told = _of(entry.document)
    if entry.state not in (EntryState.DEPRECATED, EntryState.RETIRED) and not any(told.values()):
        return {}
    sunset = sunset_of(entry.document)
    replacement = Connector.objects.filter(key=told["replaced_by"]).first() if told["replaced_by"] else None
    return {
        "going": {
            "sunset": sunset,
            "days": (sunset - now.date()).days if sunset else None,
            "replaced_by": told["replaced_by"],
            "replacement": replacement,
            "note": told["note"],
            "consumers": consumers_of(entry),
            "retired": entry.state == EntryState.RETIRED,
        }
    }


Detail = Callable[[Any, Mapping[str, str], datetime], dict[str, Any]]


def beside(detail: Detail | None) -> Detail:
    """What the Summary tab of a kind shows, with the card of a connector that goes."""

    def both(entry: Any, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
        return shown(entry, now) | (detail(entry, asked, now) if detail else {})

    return both
