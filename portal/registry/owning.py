"""What a team answers for, over every kind of entry."""

from dataclasses import dataclass

from portal.people.models import Team
from portal.registry import kinds
from portal.registry.models import STANDING
from portal.registry.twins import local_name


@dataclass(frozen=True)
class Owned:
    """Standing entries of one kind: how many, and the first few by name."""

    kind: str
    count: int
    names: tuple[str, ...]


def owned_by(team: Team, *, named: int = 5) -> list[Owned]:
    """The standing entries of a team, kind by kind; kinds of which it owns none are left out."""
    found = []
    for kind in kinds.all_kinds():
        rows = kind.entries().filter(owner=team, state__in=STANDING).order_by("name")
        count = rows.count()
        if count:
            found.append(Owned(str(kind.label_plural), count, tuple(rows.values_list(local_name(), flat=True)[:named])))
    return found
