"""One thing found, and how findings are told to people and to tools."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

RULES = {
    "import": "A vendor's package is imported outside of its facade.",
    "dynamic": "A vendor's package is imported by its name at run time, outside of its facade.",
    "unreadable": "The file cannot be read as code, so that nobody can say what it imports.",
    "computed": "What is imported is computed at run time, so that nobody can say whether it is a vendor's package.",
    "shadowed": "A module of this code base has the name of a vendor's package; its imports were not judged.",
}
WARNINGS = frozenset({"computed", "shadowed"})


@dataclass(frozen=True, order=True)
class Finding:
    """Where (path as given, line from 1), by which rule, and what."""

    path: str
    line: int
    rule: str
    message: str
    connectors: tuple[str, ...] = ()

    @property
    def warning(self) -> bool:
        """Whether it only warns."""
        return self.rule in WARNINGS

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {'warning: ' if self.warning else ''}{self.message} [{self.rule}]"


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """For programs."""
    return [
        {"path": one.path, "line": one.line, "rule": one.rule, "level": _level(one), "message": one.message,
         "connectors": list(one.connectors)}
        for one in findings
    ]  # fmt: skip


def sarif(findings: Iterable[Finding]) -> dict[str, Any]:
    """In SARIF 2.1.0, as code hosts read them."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()]
    results = [
        {
            "ruleId": one.rule,
            "level": _level(one),
            "message": {"text": one.message},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": one.path}, "region": {"startLine": one.line}}}
            ],
        }
        for one in findings
    ]
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"tool": {"driver": {"name": "registry facade-check", "rules": rules}}, "results": results}],
    }


def _level(finding: Finding) -> str:
    return "warning" if finding.warning else "error"
