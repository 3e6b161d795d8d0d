"""Which severity table is in force, and what it says to others."""

from django.utils.translation import get_language

from severity.clocks import Clocks
from severity.models import SeverityTable
from severity.rules import Level
from severity.table.documents import table_of
from severity.table.rules import BASELINE, Table
from severity.table.runbooks import runbook_of


def in_force() -> Table:
    """The table that stands now: the applied one, or the domain's own."""
    standing = SeverityTable.objects.only("version", "document").first()
    return table_of(standing.document, version=standing.version) if standing else BASELINE


def clocks_of(level: Level) -> tuple[Clocks, int]:
    """What a level asks for now, and the version of the table that says so."""
    table = in_force()
    return table.clocks[level], table.version


def steps_of(rule: str, version: int) -> list[str]:
    """The steps for a rule as a version of the table says them, in the language of the reader; 0 is the domain's own."""
    language = get_language() or "en"
    found = None
    if version:
        # The one path that is needed: a table is long.
        past = SeverityTable.history.filter(version=version).values_list(f"document__runbooks__{rule}", flat=True)
        found = past.first()
    if not isinstance(found, dict):
        return runbook_of(rule).steps(language)
    return list(found["ar"] if language.startswith("ar") and found["ar"] else found["en"])
