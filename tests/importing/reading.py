"""What the tests of importing share."""

from pathlib import Path

from connectors.facets import FACETS
from connectors.importing.service import Imported, imported

FILES = Path(__file__).parent / "files"
SERVERS = sorted((FILES / "mcp").glob("*.json"))
CONNECTORS = sorted((FILES / "airbyte").glob("*.yaml"))


def server(name: str) -> Imported:
    return imported((FILES / "mcp" / f"{name}.json").read_bytes(), "mcp")


def connector(name: str) -> Imported:
    return imported((FILES / "airbyte" / f"{name}.yaml").read_bytes(), "airbyte")


def told(found: Imported, words: str) -> bool:
    """Whether one of the remarks says so."""
    return any(words in one for one in found.remarks)


def holds_up(found: Imported) -> None:
    """All nine facets are told filled or missing, and nothing that was filled is wrong: what stands against it is missing."""
    assert set(found.filled) | set(found.missing) == set(FACETS)
    assert not set(found.filled) & set(found.missing)
    for problem in found.problems:
        where: object = found.document
        for step in problem.path.split("."):
            where = (
                where[int(step)] if isinstance(where, list) else where.get(step) if isinstance(where, dict) else None
            )
        # What is there and is wrong all the same: names a vendor's package without a facade, an address that is refused.
        assert where is None or problem.code in ("required",), problem
