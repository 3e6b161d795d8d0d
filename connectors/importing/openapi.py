"""OpenAPI 3.0 and 3.1: each operation becomes an entry of the contract of a runtime tool."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from connectors.importing.addresses import address
from connectors.importing.operations import READS, Reader
from connectors.importing.schemas import Schemas
from connectors.importing.taken import Taken, key_of, reference_of, text
from connectors.models import ConnectorKind
from connectors.versions import version_of
from portal.refusals import Invalid, Problem
from portal.registry.documents import MAX_BYTES, canonical

MOST_OPERATIONS = 200
# Of the document; the rest of it is the owner's to write.
_MOST_CONTRACT = MAX_BYTES - 64 * 1024
# Where all schemas must be cut: the least that is kept of one, and what an operation needs beside its two.
_LEAST_SCHEMA, _BESIDE_SCHEMAS = 1024, 400
_METHODS = ("get", "head", "options", "trace", "put", "post", "delete", "patch")
_MOST_PATHS = 20_000


@dataclass(frozen=True)
class _Found:
    method: str
    path: str
    operation: dict[str, Any]
    # Parameters of the path, for all its operations.
    shared: Any
    tags: list[str]


def read(root: dict[str, Any], only: list[str]) -> Taken:
    """What an OpenAPI document says; `only` names tags, or beginnings of paths. Raises Invalid for what is none."""
    taken = Taken(ConnectorKind.RUNTIME_TOOL.value)
    version = text(root.get("openapi"))
    if not version.startswith("3."):
        message = _("It is no OpenAPI 3 document: “openapi” is “%s”.") % version[:40]
        if "swagger" in root:
            message = _("It is Swagger 2.0; convert it to OpenAPI 3 first.")
        raise Invalid("format", message, [Problem("content", message, "format")])
    if not version.startswith(("3.0", "3.1")):
        taken.remark(_("OpenAPI %s is read as 3.1.") % version[:20])
    _identity(taken, taken.mapping(root.get("info"), "info"))
    _endpoint(taken, root)
    _credential(taken, root)
    schemas = Schemas(taken, root, old=version.startswith("3.0"))
    found = list(_operations(taken, root, schemas))
    chosen = _chosen(taken, found, only)
    _contract(taken, schemas, chosen)
    return taken


def _identity(taken: Taken, info: dict[str, Any]) -> None:
    title, version = text(info.get("title")), text(info.get("version"))
    taken.origin = f"OpenAPI {title} {version}".strip()
    taken.put("name", taken.bounded(title, 120, "info.title"))
    told = info.get("description") or info.get("summary")
    taken.put("description", taken.bounded(told, 2000, "info.description"))
    key = key_of(title)
    taken.put("key", key)
    if key:
        taken.remark(_("The key “%s” is made from the title; it is fixed once registered.") % key)
    if version_of(version) is not None:
        taken.put("facets.version.number", version)
        taken.remark(_("The contract version is the version of the API: %s.") % version)
    elif version:
        taken.remark(_("The version “%s” is not a semantic one; it is left out.") % version[:60])


def _endpoint(taken: Taken, root: dict[str, Any]) -> None:
    taken.put("runtime_tool.transport", "http")
    servers = list(taken.mappings(root.get("servers"), "servers"))
    if not servers:
        taken.remark(_("It names no server; the endpoint is missing."))
        return
    if len(servers) > 1:
        taken.remark(_("It names %d servers; the first is taken.") % len(servers))
    variables = taken.mapping(servers[0].get("variables"), "servers[0].variables")
    defaults = {name: text(one.get("default")) for name, one in variables.items() if isinstance(one, dict)}
    taken.put("runtime_tool.endpoint", address(taken, text(servers[0].get("url")), "servers[0].url", defaults))


def _credential(taken: Taken, root: dict[str, Any]) -> None:
    components = taken.mapping(root.get("components"), "components")
    schemes = taken.mapping(components.get("securitySchemes"), "components.securitySchemes")
    asked = [name for one in taken.mappings(root.get("security"), "security") for name in one if name in schemes]
    names = asked or list(schemes)
    if not names:
        return
    name, scheme = names[0], schemes[names[0]]
    scheme = scheme if isinstance(scheme, dict) else {}
    reference = reference_of(str(taken.document.get("key", "")), name)
    taken.put("runtime_tool.credential_ref", reference)
    how = " ".join(text(scheme.get(one)) for one in ("type", "scheme", "in", "name") if text(scheme.get(one)))
    taken.remark(
        _("The secret of “%(name)s” (%(how)s) is to lie under %(reference)s.")
        % {"name": name[:80], "how": how[:80] or "?", "reference": reference}
    )
    further = [one for one in schemes if one != name]
    if further:
        taken.remark(_("Further ways to sign in are left out: %s.") % ", ".join(further)[:200])


def _operations(taken: Taken, root: dict[str, Any], schemas: Schemas) -> Iterator[_Found]:
    paths = taken.mapping(root.get("paths"), "paths")
    for count, (path, value) in enumerate(paths.items()):
        if count >= _MOST_PATHS:
            taken.remark(_("Only the first %d paths are read.") % _MOST_PATHS)
            return
        if path.startswith("x-"):
            continue
        item = taken.mapping(schemas.resolved(value, path), path)
        for method in _METHODS:
            if method not in item:
                continue
            operation = taken.mapping(item[method], f"{method.upper()} {path}")
            tags = [text(one) for one in taken.listed(operation.get("tags"), f"{method.upper()} {path} tags")]
            yield _Found(method, path, operation, item.get("parameters"), tags)


def _chosen(taken: Taken, found: list[_Found], only: list[str]) -> list[_Found]:
    """The operations that are asked for, as many as a contract takes."""
    chosen = [
        one
        for one in found
        if not only or any(one.path.startswith(name) if name.startswith("/") else name in one.tags for name in only)
    ]
    tags = Counter(tag for one in found for tag in dict.fromkeys(one.tags) if tag)
    if only and not chosen:
        message = _("No operation has one of these tags or paths. Tags: %s.") % (_told(tags) or "–")
        raise Invalid("only", message, [Problem("only", message, "unknown")])
    if len(chosen) > MOST_OPERATIONS:
        taken.remark(
            _(
                "It has %(all)d operations, a contract takes %(most)d: others are left out. Choose by tag or path: %(tags)s."
            )
            % {"all": len(chosen), "most": MOST_OPERATIONS, "tags": _told(tags) or "–"},
            first=True,
        )
    elif len(chosen) < len(found):
        taken.remark(_("%(count)d of %(all)d operations were chosen.") % {"count": len(chosen), "all": len(found)})
    return chosen[:MOST_OPERATIONS]


def _told(tags: Counter[str]) -> str:
    return ", ".join(f"{tag[:40]} ({count})" for tag, count in tags.most_common(8))


def _entries(reader: Reader, chosen: list[_Found]) -> list[dict[str, Any]]:
    """The entries of these operations, as many as a document takes."""
    made: list[dict[str, Any]] = []
    size = 0
    for one in chosen:
        entry = reader.entry(one.method, one.path, one.operation, one.shared)
        size += len(canonical(entry)) + 1
        if size > _MOST_CONTRACT:
            break
        made.append(entry)
    return made


def _contract(taken: Taken, schemas: Schemas, chosen: list[_Found]) -> None:
    made = _entries(Reader(taken, schemas), chosen)
    if len(made) < len(chosen):
        taken.remark(
            _("The document would be too large: its schemas stand without their prose and defaults."), first=True
        )
        made = _entries(Reader(taken, schemas, bare=True), chosen)
    if len(made) < len(chosen):
        # An operation that is missing cannot be allowed to anybody; a schema that is too wide can be narrowed.
        most = max(_LEAST_SCHEMA, (_MOST_CONTRACT // len(chosen) - _BESIDE_SCHEMAS) // 2)
        taken.remark(
            _(
                "Still too large: %(most)d bytes of each schema are kept, farther parts take anything. Choose by tag or path."
            )
            % {"most": most},
            first=True,
        )
        made = _entries(Reader(taken, schemas, bare=True, most=most), chosen)
    if len(made) < len(chosen):
        late = chosen[len(made)]
        told = {"count": len(chosen) - len(made), "name": f"{late.method.upper()} {late.path}"[:120]}
        taken.remark(
            _("Too large all the same: %(count)d operations are left out, from %(name)s on.") % told, first=True
        )
    if not made:
        taken.remark(_("It describes no operation."))
        return
    taken.put("facets.contract.operations", made)
    reads = sum(one["effect"] == "read" for one in made)
    taken.remark(
        _("Look over the effects, which are guessed by method: %(reads)d read (%(methods)s), %(writes)d write.")
        % {"reads": reads, "methods": ", ".join(READS).upper(), "writes": len(made) - reads},
        first=True,
    )
    if reads < len(made):
        words = _("Look over side effects: no description says whether somebody outside notices; none is set.")
        taken.remark(words, first=True)
