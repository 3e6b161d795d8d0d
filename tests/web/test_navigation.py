"""Every page of the portal is somewhere in the rail."""

import pytest
from django.urls import resolve

from portal.registry import kinds
from portal.web.navigation import ACTIONS, MORE, RAIL

PLACES = [place for group in RAIL for place in group.places]
# What belongs to a person and not to a place, and the page for those who work on the pages.
NOWHERE = {"notices", "views", "style"}


def inside(path: str) -> list[str]:
    """The places of the rail that an address belongs to."""
    return [place.page for place in PLACES if place.address != "/" and path.startswith((place.address, *place.covers))]


@pytest.mark.parametrize("covered", [one for place in PLACES for one in place.covers])
def test_what_a_place_covers_is_there(covered: str) -> None:
    assert resolve(f"{covered}CHG-1/" if covered == "/changes/" else covered).route


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_lists_of_every_kind_are_in_the_rail_once(kind: kinds.Kind) -> None:
    assert len(inside(f"/{kind.pages}/")) == 1


@pytest.mark.parametrize(
    "path",
    [*(place.address for place in (*MORE, *ACTIONS) if place.page not in NOWHERE), "/compare/releases/", "/severity-table/test/"],
)  # fmt: skip
def test_every_other_page_is_at_one_place_of_the_rail(path: str) -> None:
    assert len(inside(path)) == 1
