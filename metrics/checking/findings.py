"""One thing found, and how findings are told to people and to tools."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RULES = {
    "literal": "A key stands as text; import it from the generated module.",
    "composed": "A key is put together at run time; import it from the generated module.",
    "unknown": "There is no such metric in the dictionary.",
    "gone": "The metric is retired, or its time to be removed has come.",
    "stale": "The generated module is not what the dictionary says now; export it again.",
    "edited": "The generated module was changed by hand; export it again.",
    "unreadable": "The file cannot be read.",
}


@dataclass(frozen=True, order=True)
class Finding:
    """Where (path as given, line from 1), by which rule, and what."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message} [{self.rule}]"


def sarif(
    findings: Iterable[Finding], tool: str = "registry metrics check", known: Mapping[str, str] = RULES
) -> dict[str, Any]:
    """The findings in SARIF 2.1.0, as code hosts read them."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in known.items()]
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "rules": rules}},
                "results": [
                    {
                        "ruleId": one.rule,
                        "level": "error",
                        "message": {"text": one.message},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": one.path},
                                    "region": {"startLine": one.line},
                                }
                            }
                        ],
                    }
                    for one in findings
                ],
            }
        ],
    }
