"""What pages show of an allowlist and of what was asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from connectors.allowlist import statements, usage
from connectors.allowlist.reasons import REASONS
from connectors.allowlist.usage import Usage
from connectors.environments import ENVIRONMENTS
from connectors.models import Connector
from portal.language.lists import joined
from portal.registry.twins import arabic_page


def why(used: Usage) -> list[tuple[str, int]]:
    """The reasons of refusals in a word or two, the most frequent first."""
    ordered = sorted(used.reasons.items(), key=lambda one: -one[1])
    return [(str(REASONS[code].word) if code in REASONS else code, count) for code, count in ordered]


@dataclass(frozen=True)
class Line:
    """A row of a table of calls."""

    name: str
    used: Usage

    @property
    def why(self) -> list[tuple[str, int]]:
        """Why calls were refused."""
        return why(self.used)


def panel(connector: Connector, now: datetime) -> dict[str, Any]:
    """Who may call which operation where, and what was asked."""
    asked = usage.of_connector(connector, now)
    lines = connector.document["runtime_tool"]["allowlist"]
    named = {line["agent"] for line in lines}
    return {
        "agents": [
            {
                "agent": line["agent"],
                "operations": line["operations"],
                "environments": line.get("environments", list(ENVIRONMENTS)),
                "used": asked.by_agent.get(line["agent"], Usage()),
            }
            for line in lines
        ],
        "operations": [Line(name, used) for name, used in sorted(asked.by_operation.items(), key=_most)],
        "others": [Line(name, used) for name, used in sorted(asked.by_agent.items(), key=_most) if name not in named],
        "total": asked.total,
    }


def _most(item: tuple[str, Usage]) -> tuple[int, str]:
    return -(item[1].month + item[1].refused_month), item[0]


@dataclass
class Named:
    """A connector whose allowlist names the agent: what it may call, what it may not for now, and what was asked."""

    key: str
    name: str
    environments: list[str]
    callable: list[str]
    refused: list[tuple[str, str]]
    used: Usage


def of_agent(agent: str, now: datetime) -> dict[str, Any]:
    """What an agent may call, by connector, and what it was refused."""
    asked = usage.of_agent(agent, now)
    found: dict[str, Named] = {}
    values = {"agent": agent, "environment": None, "environments": list(ENVIRONMENTS), "arabic": arabic_page()}
    with connection.cursor() as cursor:
        cursor.execute(statements.NAMED, values)
        for key, name, _state, environments, operation, codes in cursor.fetchall():
            used = asked.by_connector.get(key, Usage())
            one = found.setdefault(key, Named(key, name, environments, [], [], used))
            if codes:
                one.refused.append((operation, joined(REASONS[code].word for code in codes)))
            else:
                one.callable.append(operation)
    others = [Line(key, used) for key, used in sorted(asked.by_connector.items(), key=_most) if key not in found]
    return {"connectors": list(found.values()), "others": others, "total": asked.total, "why": why(asked.total)}
