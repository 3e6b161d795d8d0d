"""MCP `server.json` of the registry, schema 2025-12-11 and before it: a runtime tool."""

import re
from typing import Any

from django.utils.translation import gettext as _

from connectors.documents.shared import REFERENCE
from connectors.facades.bans import NPM_NAME
from connectors.importing.addresses import address, host_of
from connectors.importing.taken import Taken, key_of, reference_of, text
from connectors.models import ConnectorKind
from connectors.versions import version_of
from portal.people.models import KEY_PATTERN
from portal.refusals import Invalid, Problem

PUBLISHED = "io.modelcontextprotocol.registry/publisher-provided"
STREAMABLE = "streamable-http"
_SECRET = re.compile(r"authorization|token|secret|passw|credential|api[-_ ]?key|\bkey$", re.IGNORECASE)
_VARIABLE = re.compile(r"\{([A-Za-z0-9_.-]{1,80})\}")
_IMPORTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_MOST_PACKAGES = 50
# What older schemas call the same.
_REGISTRY = ("registryType", "registry_type", "registry_name", "registry")
_IDENTIFIER = ("identifier", "name")


def read(root: dict[str, Any], only: list[str]) -> Taken:
    """What a server.json says. Raises Invalid for what is none."""
    taken = Taken(ConnectorKind.RUNTIME_TOOL.value)
    server = root
    if isinstance(root.get("server"), dict) and "name" not in root:
        server = root["server"]
        taken.remark(_("Taken from the answer of a registry; what the registry itself says of it is left out."))
    name = text(server.get("name"))
    if not name or not (set(server) & {"remotes", "packages", "version", "version_detail", "$schema", "description"}):
        message = _("It is no server.json: it has no name and neither remotes nor packages.")
        raise Invalid("format", message, [Problem("content", message, "format")])
    if only:
        taken.remark(_("A server.json names no operations; what was to be chosen of them is ignored."))
    _identity(taken, server, name)
    chosen = _remote(taken, server)
    _packages(taken, server, reached=chosen)
    _own(taken, server)
    taken.remark(_("Operations are not in a server.json: probe the server, or write the contract by hand."))
    return taken


def _identity(taken: Taken, server: dict[str, Any], name: str) -> None:
    taken.origin = f"server.json {name}"
    space, _slash, short = name.rpartition("/")
    if not space or "." not in space or "/" in space:
        taken.remark(_("The name “%s” is not of the form reverse.dns/name.") % name)
    taken.put("name", taken.bounded(server.get("title") or short or name, 120, "title"))
    taken.put("description", taken.bounded(server.get("description"), 2000, "description"))
    key = key_of(short or name)
    taken.put("key", key)
    if key:
        taken.remark(_("The key “%s” is made from the name; it is fixed once registered.") % key)
    version = server.get("version")
    if version is None:
        version = taken.mapping(server.get("version_detail"), "version_detail").get("version")
    _version(taken, text(version))
    status = text(server.get("status"))
    if status and status != "active":
        taken.remark(_("Its publisher says that it is %s.") % status)


def _version(taken: Taken, version: str) -> None:
    if version_of(version) is not None:
        taken.put("facets.version.number", version)
        taken.remark(_("The contract version is the version of the server: %s.") % version)
    elif version:
        taken.remark(_("The version “%s” is not a semantic one; it is left out.") % version)


def _remote(taken: Taken, server: dict[str, Any]) -> bool:
    """Take the remote that the portal can speak with best; whether there is one."""
    remotes = list(taken.mappings(server.get("remotes"), "remotes"))
    if not remotes:
        return False
    spoken = [one for one in remotes if _type(one) == STREAMABLE]
    chosen = (spoken or remotes)[0]
    at = remotes.index(chosen)
    if spoken:
        taken.put("runtime_tool.transport", "streamable_http")
    else:
        taken.remark(_("The portal does not speak the transport “%s”; the transport is left out.") % _type(chosen))
    if len(remotes) > 1:
        names = ", ".join(f"{_type(one)} {host_of(text(one.get('url')))}" for one in remotes if one is not chosen)
        taken.remark(_("It has %(count)d remotes; left out: %(names)s.") % {"count": len(remotes), "names": names})
    place = f"remotes[{at}]"
    variables = taken.mapping(chosen.get("variables"), f"{place}.variables")
    defaults = {
        name: text(one.get("default"))
        for name, one in variables.items()
        if isinstance(one, dict) and not _secret(name, one)
    }
    taken.put("runtime_tool.endpoint", address(taken, text(chosen.get("url")), f"{place}.url", defaults))
    _credential(taken, [*_inputs(taken, chosen.get("headers"), f"{place}.headers"), *_named(variables)])
    return True


def _type(remote: dict[str, Any]) -> str:
    found = (
        text(remote.get("type") or remote.get("transport_type") or remote.get("transport")).lower().replace("_", "-")
    )
    return STREAMABLE if found in ("streamable", "streamablehttp", "http") else found


def _secret(name: str, told: dict[str, Any]) -> bool:
    flag = told.get("isSecret", told.get("is_secret"))
    return flag if isinstance(flag, bool) else bool(_SECRET.search(name))


def _named(variables: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, one) for name, one in variables.items() if isinstance(one, dict)]


def _inputs(taken: Taken, value: Any, place: str) -> list[tuple[str, dict[str, Any]]]:
    """Headers or variables by their names. Headers of the oldest schema are a mapping."""
    if isinstance(value, dict):
        return [(name, one if isinstance(one, dict) else {"value": one}) for name, one in value.items()]
    return [(text(one.get("name")), one) for one in taken.mappings(value, place)]


def _credential(taken: Taken, inputs: list[tuple[str, dict[str, Any]]]) -> None:
    """Name the first secret that is needed; others, and what is no secret, are remarked. Values are never taken."""
    key = str(taken.document.get("key", ""))
    named: list[tuple[str, str]] = []
    for name, told in inputs:
        variables = _mapping(told.get("variables"))
        hidden = [one for one, about in _named(variables) if _secret(one, about)]
        if hidden:
            named += [(reference_of(one), name) for one in hidden]
        elif name and _secret(name, told):
            own = re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", name)
            # Only where the value is nothing but a name in braces it says what the secret is called.
            value = _VARIABLE.findall(text(told.get("value")))
            named.append((reference_of(*([name] if own else value[:1] if value else [key, name])), name))
        elif name:
            taken.remark(_("“%s” is to be set as well; the portal has no place for it.") % name)
    named = [one for one in named if one[0]]
    if not named:
        return
    if "credential_ref" not in taken.document.get("runtime_tool", {}):
        reference, name = named.pop(0)
        taken.put("runtime_tool.credential_ref", reference)
        taken.remark(
            _("The secret of “%(name)s” is to lie under %(reference)s; its value is never taken.")
            % {"name": name, "reference": reference}
        )
    for _reference, name in named:
        taken.remark(_("“%s” is a further secret; a connector names one.") % name)


def _packages(taken: Taken, server: dict[str, Any], *, reached: bool) -> None:
    found: dict[str, list[str]] = {"npm_packages": [], "python_packages": []}
    for at, one in enumerate(taken.mappings(server.get("packages"), "packages")):
        if at >= _MOST_PACKAGES:
            taken.remark(_("Only the first %d packages are read.") % _MOST_PACKAGES)
            break
        registry = next((text(one[name]).lower() for name in _REGISTRY if text(one.get(name))), "")
        identifier = next((text(one[name]) for name in _IDENTIFIER if text(one.get(name))), "")
        _package(taken, found, registry, identifier)
        if not reached:
            variables = one.get("environmentVariables", one.get("environment_variables"))
            _credential(taken, _inputs(taken, variables, f"packages[{at}].environmentVariables"))
    for name, packages in found.items():
        taken.put(f"facade.{name}", list(dict.fromkeys(packages)))
    if not reached:
        taken.remark(_("It names no remote: where it is reached is up to who runs it."))


def _package(taken: Taken, found: dict[str, list[str]], registry: str, identifier: str) -> None:
    if registry == "npm" and re.fullmatch(NPM_NAME, identifier) and len(identifier) <= 214:
        found["npm_packages"].append(identifier)
        return
    module = re.sub(r"[-.]+", "_", identifier.lower())
    if registry == "pypi" and _IMPORTED.fullmatch(module) and len(module) <= 120:
        found["python_packages"].append(module)
        told = {"name": identifier, "module": module}
        taken.remark(_("That “%(name)s” is imported as “%(module)s” is a guess.") % told)
        return
    taken.remark(_("The package “%(name)s” of %(registry)s is nothing that code imports; it is left out.")
                 % {"name": identifier[:120] or "?", "registry": registry[:40] or "?"})  # fmt: skip


def _own(taken: Taken, server: dict[str, Any]) -> None:
    """What the portal itself wrote when it exported a connector: what a server.json has no place for."""
    connector = _mapping(_mapping(_mapping(server.get("_meta")).get(PUBLISHED)).get("connector"))
    if not connector:
        return
    key = text(connector.get("key"))
    if re.fullmatch(KEY_PATTERN, key) and len(key) <= 60:
        taken.put("key", key)
    for name, most in (("name", 120), ("description", 2000), ("owner", 60)):
        taken.put(name, taken.bounded(connector.get(name), most, name))
    facade = _mapping(connector.get("facade"))
    for name in ("module", "python_packages", "npm_packages"):
        value = facade.get(name)
        taken.put(f"facade.{name}", text(value) if name == "module" else [one for one in map(text, _few(value)) if one])
    reference = text(connector.get("credential_ref"))
    if re.fullmatch(REFERENCE, reference):
        taken.put("runtime_tool.credential_ref", reference)
    taken.remark(_("It was exported by a portal, whose own names are taken: key, owner, reference."))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _few(value: Any) -> list[Any]:
    return value[:_MOST_PACKAGES] if isinstance(value, list) else []
