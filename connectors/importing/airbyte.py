"""Airbyte's `metadata.yaml` of a source or destination: one end of a data movement."""

import re
from typing import Any

from django.utils.translation import gettext as _

from connectors.importing.taken import Notice, Taken, cut, key_of, text
from connectors.models import ConnectorKind
from connectors.versions import version_of
from portal.refusals import Invalid, Problem
from portal.registry.times import day_of

MOST_NOTICES = 100
_ENDS = ("source", "destination")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_WORDS = 2000
# So many hosts, streams and breaking changes are told in the description.
_TOLD, _MOST_STREAMS = 12, 500


def read(root: dict[str, Any], only: list[str]) -> Taken:
    """What a metadata file says. Raises Invalid for what is none."""
    taken = Taken(ConnectorKind.DATA_MOVEMENT.value)
    data = root.get("data")
    if not isinstance(data, dict) or not (set(data) & {"connectorType", "dockerRepository", "definitionId"}):
        message = _("It is no metadata of an Airbyte connector: it has no “data” with a connectorType.")
        raise Invalid("format", message, [Problem("content", message, "format")])
    if only:
        taken.remark(_("Metadata names no operations; what was to be chosen of them is ignored."))
    end = text(data.get("connectorType"))
    name = taken.bounded(data.get("name"), 120, "data.name")
    repository, tag = text(data.get("dockerRepository")), text(data.get("dockerImageTag"))
    taken.origin = f"Airbyte metadata {repository or name}:{tag}"
    taken.put("name", name)
    key = key_of(repository.rpartition("/")[2] or name)
    taken.put("key", key)
    if key:
        taken.remark(_("The key “%s” is made from the image; it is fixed once registered.") % key)
    if end in _ENDS:
        taken.put(f"data_movement.{end}.system", name)
        other = _ENDS[1 - _ENDS.index(end)]
        taken.remark(_("It describes the %(end)s alone; the %(other)s is missing.") % {"end": end, "other": other})
    else:
        taken.remark(_("connectorType “%s” is neither source nor destination; no end is filled.") % end[:40])
    if version_of(tag) is not None:
        taken.put("facets.version.number", tag)
        taken.remark(_("The contract version is the tag of the image: %s.") % tag)
    elif tag:
        taken.remark(_("The tag “%s” is not a semantic version; it is left out.") % tag[:60])
    _streams(taken, data, end)
    _package(taken, data)
    notices = _notices(taken, data)
    taken.put("description", _description(taken, data, end, f"{repository}:{tag}" if tag else repository))
    taken.notices = notices
    if notices:
        versions = ", ".join(f"{one.version} ({one.deadline or '?'})" for one in notices)
        taken.remark(_("Breaking changes to announce once it is registered: %s.") % versions)
    taken.remark(_("Operations are not in the metadata: write the contract of the movement by hand."))
    return taken


def _streams(taken: Taken, data: dict[str, Any], end: str) -> None:
    suggested = taken.mapping(data.get("suggestedStreams"), "data.suggestedStreams")
    streams = [text(one)[:120] for one in taken.listed(suggested.get("streams"), "data.suggestedStreams.streams")]
    if streams and end in _ENDS:
        taken.put(f"data_movement.{end}.streams", [one for one in dict.fromkeys(streams) if one][:_MOST_STREAMS])
        taken.remark(_("The streams are those that are suggested; look over which are moved."))


def _package(taken: Taken, data: dict[str, Any]) -> None:
    remote = taken.mapping(data.get("remoteRegistries"), "data.remoteRegistries")
    pypi = taken.mapping(remote.get("pypi"), "data.remoteRegistries.pypi")
    name = text(pypi.get("packageName"))
    module = re.sub(r"[-.]+", "_", name.lower())
    if pypi.get("enabled") is True and _MODULE.fullmatch(module) and len(module) <= 120:
        taken.put("facade.python_packages", [module])
        taken.remark(_("That “%(name)s” is imported as “%(module)s” is a guess.") % {"name": name, "module": module})


def _notices(taken: Taken, data: dict[str, Any]) -> list[Notice]:
    releases = taken.mapping(data.get("releases"), "data.releases")
    changes = taken.mapping(releases.get("breakingChanges"), "data.releases.breakingChanges")
    found: list[Notice] = []
    for version, value in changes.items():
        place = f"breakingChanges.{version[:40]}"
        if len(found) >= MOST_NOTICES:
            taken.remark(_("Only the first %d breaking changes are read.") % MOST_NOTICES)
            break
        change = taken.mapping(value, place)
        message = taken.bounded(change.get("message"), 2000, f"{place}.message")
        deadline = text(change.get("upgradeDeadline"))
        if deadline and day_of(deadline) is None:
            taken.remark(_("%(place)s: “%(deadline)s” is no day.") % {"place": place, "deadline": deadline[:40]})
            deadline = ""
        if not message and not deadline:
            continue
        found.append(Notice(version[:40], message, deadline, _scopes(taken, change, place)))
    return found


def _scopes(taken: Taken, change: dict[str, Any], place: str) -> list[str]:
    scopes: list[str] = []
    for one in taken.mappings(change.get("scopedImpact"), f"{place}.scopedImpact"):
        kind = text(one.get("scopeType")) or "stream"
        named = taken.listed(one.get("impactedScopes"), f"{place}.scopedImpact.impactedScopes")
        scopes += [f"{kind} {name}"[:120] for name in map(text, named[:_MOST_STREAMS]) if name]
    return scopes[:_MOST_STREAMS]


def _description(taken: Taken, data: dict[str, Any], end: str, image: str) -> str:
    """What the file says that the document has no place for, in sentences."""
    parts = [_("Airbyte %(end)s %(image)s.") % {"end": end if end in _ENDS else _("connector"), "image": image}]
    level = text(data.get("supportLevel") or data.get("releaseStage"))
    if level:
        parts.append(_("Support level: %s.") % level[:60])
    allowed = taken.mapping(data.get("allowedHosts"), "data.allowedHosts")
    hosts = [text(one)[:200] for one in taken.listed(allowed.get("hosts"), "data.allowedHosts.hosts")]
    hosts = [one for one in hosts if one]
    if hosts:
        told = ", ".join(hosts[:_TOLD]) + (" …" if len(hosts) > _TOLD else "")
        parts.append(_("It may reach: %s.") % told)
    elif "hosts" in allowed:
        parts.append(_("It may reach no host."))
    else:
        taken.remark(_("It names no allowed hosts; which ones it may reach is not known."))
    link = text(data.get("documentationUrl"))
    if link.startswith("https://"):
        parts.append(_("Documented at %s") % link[:300])
    return cut("\n".join(parts), _MOST_WORDS)
