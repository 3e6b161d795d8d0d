"""Lists: one FilterSet for page, API and CSV; pages of 50 by number, bounded."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Count, Window
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

PAGE_SIZE = 50
MOST_COUNTED = 10_000


class Listing:
    """A filtered, sorted, paged queryset for a page."""

    def __init__(
        self,
        request: HttpRequest,
        filterset_class: type[Any],
        queryset: Any,
        *,
        sort: str = "",
        without: tuple[str, ...] = (),
    ) -> None:
        """`without` names filters that this list answers otherwise, by its tabs: neither offered nor heeded."""
        data = request.GET.copy()
        for name in ("page", "format", "sort", "tab", "as_of", "columns", *without):
            data.pop(name, None)
        wanted, known = request.GET.get("sort", sort), self._sorts(filterset_class)
        # An order that there is not, as in a link that has grown old, is the list's own.
        wanted = wanted if wanted.removeprefix("-") in known else sort
        if wanted.removeprefix("-") in known:
            data["ordering"] = wanted
        self.filterset = filterset_class(data, queryset=queryset, request=request)
        self.form = self.filterset.form
        _ask_nothing_in_particular(self.form)
        # The order is chosen by the heads of the table, not in the filter bar.
        self.valid = self.filterset.is_valid()
        self.queryset = self.filterset.qs if self.valid else queryset.none()
        self._unfiltered = queryset
        if "ordering" in self.form.fields:
            del self.form.fields["ordering"]
        for name in without:
            self.form.fields.pop(name, None)
        self.active = any(
            value not in (None, "", []) for name, value in data.lists() if name in self.filterset.filters and any(value)
            and name != "ordering"
        )  # fmt: skip
        self.keep = [("sort", request.GET["sort"])] if request.GET.get("sort") else []
        self.keep += [("as_of", request.GET["as_of"])] if request.GET.get("as_of") else []
        self.keep += [("tab", request.GET["tab"])] if request.GET.get("tab") else []
        self.keep += [("columns", name) for name in request.GET.getlist("columns")]
        self.request = request

    @staticmethod
    def _sorts(filterset_class: type[Any]) -> list[str]:
        ordering = filterset_class.base_filters.get("ordering")
        return list(ordering.param_map) if ordering is not None else []

    def page(self) -> Page[Any]:
        """The asked page of 50; a page that does not exist is the nearest one.

        Which rows those are is asked first, by their keys alone: what a row shows is then read of fifty rows, and is no part of
        what the database filters and sorts.
        """
        counted = _CountedAtOnce if self.request.GET.get("q", "").strip() else _Counted
        page = counted(self.queryset.values_list("pk", flat=True), PAGE_SIZE).get_page(self.request.GET.get("page"))
        keys = list(page.object_list)
        rows = {row.pk: row for row in self._unfiltered.filter(pk__in=keys).order_by()} if keys else {}
        page.object_list = [rows[key] for key in keys if key in rows]
        return page

    def context(self) -> dict[str, Any]:
        """What the list templates need."""
        page = self.page()
        counted: Any = page.paginator
        query = self.request.GET.copy()
        query.pop("page", None)

        def link(number: int) -> str:
            query["page"] = str(number)
            return "?" + query.urlencode()

        more = "+" if counted.more else ""
        return {
            "rows": list(page.object_list),
            "total": counted.told,
            "filter_form": self.form,
            "filter_active": self.active,
            "filter_keep": self.keep,
            "previous_url": link(page.previous_page_number()) if page.has_previous() else "",
            "next_url": link(page.next_page_number()) if page.has_next() else "",
            "page_note": f"{page.number} / {page.paginator.num_pages}{more}" if page.paginator.num_pages > 1 else "",
        }


def _ask_nothing_in_particular(form: Any) -> None:
    """The choice that filters nothing says so, instead of dashes or “Unknown”."""
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField):
            field.empty_label = _("Any")
            continue
        widget = field.widget
        choices = list(getattr(widget, "choices", ()))
        if choices and choices[0][0] in ("", "unknown") and not getattr(widget, "allow_multiple_selected", False):
            widget.choices = [("", _("Any")), *choices[1:]]


class _Counted(Paginator):  # type: ignore[type-arg] # not generic at run time
    """Counts no further than anybody turns pages: of a hundred thousand rows, a count would cost more than the page."""

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        found: int = rows.order_by()[: MOST_COUNTED + 1].count()
        return found

    @cached_property
    def count(self) -> int:
        """How many rows pages are made of."""
        return min(self._found, MOST_COUNTED)

    @property
    def more(self) -> bool:
        """Whether there are more rows than that."""
        return self._found > MOST_COUNTED

    @property
    def told(self) -> int | str:
        """The number as people read it."""
        return f"{MOST_COUNTED:,}+" if self.more else self.count


class _CountedAtOnce(_Counted):
    """Counts and finds in one statement: what holds some words is compared row by row, which is not to be done twice."""

    def get_page(self, number: Any) -> Page[Any]:
        """The asked page, or the nearest one."""
        text = "1" if number is None else str(number)
        wanted = int(text) if text.isdecimal() and len(text) < 6 else 0
        begin = (wanted - 1) * self.per_page
        if not 0 <= begin < MOST_COUNTED:
            return super().get_page(number)
        rows: Any = self.object_list
        counted = rows.annotate(at_once=Window(Count("*"))).values_list("pk", "at_once")
        found = list(counted[begin : begin + self.per_page])
        if not found and wanted > 1:
            return super().get_page(number)
        self._found = found[0][1] if found else 0
        return Page([key for key, _number in found], wanted, self)


class _Echo:
    def write(self, value: str) -> str:
        return value


def _safe(value: object) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def csv_response(name: str, head: list[str], rows: Iterator[list[object]]) -> StreamingHttpResponse:
    """A streamed CSV with a byte order mark, so that spreadsheets read Arabic."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(head)
        for row in rows:
            yield writer.writerow([_safe(cell) for cell in row])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
