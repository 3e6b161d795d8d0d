"""How files differ from a live registry that speaks the de-facto API, through the guarded client. Reads only.

References are compared by the names that stand in `$ref`: a registry in which they have other names differs.
"""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from events import files
from events.exchange import Difference
from portal.outbound.client import OutboundClient, client
from portal.outbound.errors import OutboundError

MOST_VERSIONS = 5_000
_NOT_FOUND = 404


class RegistryUnreachable(Exception):
    """The registry cannot be asked, or answers something else than a registry does."""


@dataclass
class LiveRegistry:
    """A registry by its address. `credential` is `name:password` or a token; empty for none."""

    url: str
    credential: str = ""

    def subjects(self) -> list[str]:
        """All of them, those whose versions are all deleted too."""
        return [str(one) for one in self._list("subjects?deleted=true")]

    def schemas(self, subject: str) -> list[tuple[str, Any]]:
        """(its number there, the schema) of every version, deleted ones too."""
        address = f"subjects/{quote(subject, safe='')}/versions"
        numbers = self._list(f"{address}?deleted=true")
        if len(numbers) > MOST_VERSIONS:
            raise RegistryUnreachable(f"“{subject}” has more than {MOST_VERSIONS} versions.")
        found = []
        for number in numbers:
            told = self._get(f"{address}/{quote(str(number), safe='')}?deleted=true")
            try:
                found.append((str(number), orjson.loads(told["schema"])))
            except (orjson.JSONDecodeError, KeyError, TypeError):
                raise RegistryUnreachable(f"Version {number} of “{subject}” holds no JSON Schema.") from None
        return found

    def level(self, subject: str) -> str:
        """The compatibility level of a subject; that of all where it has none of its own."""
        told = self._get(f"config/{quote(subject, safe='')}", missing=True) or self._get("config")
        return str(told.get("compatibilityLevel", "")) if isinstance(told, dict) else ""

    def _list(self, path: str) -> list[Any]:
        told = self._get(path)
        if not isinstance(told, list):
            raise RegistryUnreachable(f"{self.url}/{path} answered no list.")
        return told

    def _get(self, path: str, *, missing: bool = False) -> Any:
        outbound: OutboundClient = client()
        headers = [("Accept", "application/vnd.schemaregistry.v1+json, application/json")]
        if ":" in self.credential:
            headers.append(("Authorization", f"Basic {base64.b64encode(self.credential.encode()).decode()}"))
        elif self.credential:
            headers.append(("Authorization", f"Bearer {self.credential}"))
        address = f"{self.url.rstrip('/')}/{path}"
        try:
            answer = outbound.request("GET", address, headers=headers, repeatable=True)
        except OutboundError as error:
            raise RegistryUnreachable(f"{address}: {error}") from None
        if missing and answer.status == _NOT_FOUND:
            return None
        if answer.status != 200:
            raise RegistryUnreachable(f"{address} answered {answer.status}.")
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise RegistryUnreachable(f"{address} answered something else than JSON.") from None


def drift(tree: files.Tree, live: LiveRegistry) -> list[Difference]:
    """Where files and a live registry differ: subjects, levels, and schemas as JSON values. Raises RegistryUnreachable."""
    there = set(live.subjects())
    found = []
    for key, family in sorted(tree.families.items()):
        names = (f"{family.get('channel')}-value", f"{key}-value", key)
        subject = next((name for name in names if name in there), None)
        if subject is None:
            found.append(Difference(f"{key}/{files.FAMILY}", "event_family", key, "only_in_files"))
            continue
        there -= set(names)
        if live.level(subject) != family.get("compatibility"):
            found.append(Difference(f"{key}/{files.FAMILY}", "event_family", key, "differs"))
        found += _versions(tree, key, live.schemas(subject), subject)
    found += [Difference("", "event_family", subject, "only_in_registry") for subject in sorted(there)]
    return found


def _versions(tree: files.Tree, family: str, standing: list[tuple[str, Any]], subject: str) -> list[Difference]:
    here = {files.digest(one["schema"]): one for one in tree.of(family)}
    known = {files.digest(schema): number for number, schema in standing}
    found = [
        Difference(f"{family}/{one['number']}.json", "event_schema", one["key"], "only_in_files")
        for digest, one in here.items()
        if digest not in known
    ]
    return found + [
        Difference("", "event_schema", f"{subject} version {number}", "only_in_registry")
        for digest, number in known.items()
        if digest not in here
    ]
