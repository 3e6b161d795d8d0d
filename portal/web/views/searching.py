"""The search: one page of results, and the palette that every page opens."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.registry import kinds
from portal.roles import may
from portal.search.finding import LONGEST, Found, Results, find
from portal.web.navigation import ACTIONS, Place, places_of
from portal.web.views.base import PageView

# Of each sort so many in the page of results, and in the palette.
FOUND, OFFERED = 20, 6


@dataclass(frozen=True)
class Option:
    """A line of the palette: something found, or a page, or an act that begins on a page."""

    label: str | Promise
    address: str
    icon: str = ""
    found: Found | None = None


class Search(PageView):
    """Exact ids and keys jump at once; otherwise what begins with the words or holds them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The results."""
        asked = _asked(request)
        results = find(asked, most=FOUND) if asked else Results(None, ())
        if results.exact is not None:
            return redirect(results.exact.address)
        places = [place for place in places_of(self.actor) if _names(place, asked)] if asked else []
        return render(request, "search.html", {"search_query": asked, "groups": results.groups, "places": places})


class Palette(PageView):
    """What the palette offers for the words so far; a part of a page, which htmx asks for."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The lines, in groups."""
        asked = _asked(request)
        groups = [(name, options) for name, options in self._groups(asked) if options]
        context = {"groups": groups, "count": sum(len(options) for _name, options in groups), "asked": asked}
        # Without what every whole page counts and lists beside.
        return HttpResponse(render_to_string("parts/palette_found.html", context))

    def _groups(self, asked: str) -> Iterator[tuple[str | Promise, list[Option]]]:
        results = find(asked, most=OFFERED) if asked else Results(None, ())
        if results.exact is not None:
            yield _("Exactly this"), [_option(results.exact)]
        yield _("Go to"), [_page(place) for place in places_of(self.actor) if _names(place, asked)]
        for group in results.groups:
            yield group.label, [_option(one) for one in group.found if one != results.exact]
        yield _("Do"), [one for one in self._acts() if asked.lower() in str(one.label).lower()]

    def _acts(self) -> Iterator[Option]:
        for kind in kinds.all_kinds():
            if may(self.actor, kind.proposers) and not kind.single:
                label = _("Register: %(kind)s") % {"kind": kind.label}
                yield Option(label, reverse("entry-new", args=[kind.pages]), "plus")
        for place in ACTIONS:
            if may(self.actor, place.permission) and place.address:
                yield _page(place)


def _asked(request: HttpRequest) -> str:
    """The words, as they are asked and shown."""
    return " ".join(request.GET.get("q", "").split())[:LONGEST]


def _names(place: Place, asked: str) -> bool:
    return asked.lower() in str(place.label).lower()


def _page(place: Place) -> Option:
    return Option(place.label, place.address, place.icon)


def _option(found: Found) -> Option:
    return Option(found.title, found.address, found=found)
