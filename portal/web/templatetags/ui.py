"""Template tags of the portal's look.

Each partial under templates/parts/ says in its header what context it takes; templates/style.html shows them all.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.language import lists
from portal.language.direction import isolated
from portal.people.actors import Actor
from portal.people.models import User
from portal.roles import Permission
from portal.roles import may as allowed
from portal.saved.reads import views_on
from portal.web import marks, words
from portal.web.navigation import Place
from portal.web.parity import api_address, curl_of

register = template.Library()

PAGE_PARAMETERS = ("page", "cursor", "before", "after")
# With fewer columns there is nothing to choose.
LEAST_TO_CHOOSE = 5


register.filter(isolated)
for draw in (marks.icon, marks.severity, marks.state, marks.gate, marks.kind):
    register.simple_tag(draw)


@register.inclusion_tag("parts/digest.html")
def digest(value: str, *, length: int = 12, copy: bool = True) -> dict[str, Any]:
    """A digest shortened for people, with a button that copies all of it."""
    return {"value": value, "short": value.removeprefix("sha256:")[:length], "copy": copy}


@register.simple_tag
def meter(segments: Iterable[Mapping[str, Any]], *, small: bool = False, label: str = "") -> SafeString:
    """The completeness meter. Each segment: {"label", "state": filled|weak|missing, "href"?}.

    `small` is the one for rows of a list: the number in words, the segments for the eye only.
    """
    listed = list(segments)
    filled = sum(1 for segment in listed if segment["state"] in ("filled", "weak"))
    if small:
        return marks.dots(filled, tuple(segment["state"] for segment in listed))
    context = {"segments": listed, "filled": filled, "total": len(listed), "label": label}
    return render_to_string("parts/meter.html", context)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as `1h 24m`, parts of a second too (`0.5s`); nothing for nothing."""
    if seconds is None:
        return ""
    if 0 < seconds < words.MINUTE and seconds != int(seconds):
        return f"{seconds:.3g}{words.clock_units()[3]}"
    return words.span_words(float(seconds))


def _now(context: Context, now: datetime | None) -> datetime:
    """The one instant this page was made at, so that all its clocks agree."""
    known: Any = now or _lookup(context.get("portal"), "now")
    return known if isinstance(known, datetime) else timezone.now()


def _lookup(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime | None, now: datetime | None = None) -> SafeString:
    """A moment as people say it (`3m ago`), with the exact one on hover and in print."""
    return marks.ago(moment, _now(context, now))


@register.simple_tag(takes_context=True)
def until(
    context: Context, deadline: datetime | None, now: datetime | None = None, soon: int = marks.SOON_SECONDS
) -> SafeString:
    """A countdown that app.js keeps ticking: `20m left`, then `1h 24m over`."""
    return marks.until(deadline, _now(context, now), soon)


@register.filter
def joined(words: Iterable[object]) -> SafeString:
    """Names or words in a row, each kept in its own direction, with the comma of the page's language between them."""
    return format_html_join(mark_safe(lists.comma()), "<bdi>{}</bdi>", ((word,) for word in words))  # noqa: S308


@register.simple_tag
def comma() -> str:
    """What stands between two of a row: `{% if not forloop.last %}{% comma %}{% endif %}`."""
    return lists.comma()


@register.simple_tag(takes_context=True)
def may(context: Context, permission: str) -> bool:
    """Whether who looks may do this, by the table of portal/roles.py: no page offers what is refused."""
    user = context.get("user")
    return isinstance(user, User) and allowed(Actor.of(user), Permission(permission))


@register.filter
def clock_time(moment: datetime | None) -> str:
    """`23:02:41` in the zone of the portal."""
    return timezone.localtime(moment).strftime("%H:%M:%S") if moment else ""


@register.filter
def epoch_ms(moment: datetime | None) -> str:
    """Milliseconds since 1970, for app.js; unlocalized."""
    return str(int(moment.timestamp() * 1000)) if moment else ""


@register.simple_tag
def clock_words() -> str:
    """What app.js needs to speak of time: `{} left|{} over|d|h|m|s`."""
    before, after = _("%(span)s left") % {"span": "{}"}, _("%(span)s over") % {"span": "{}"}
    return "|".join((before, after, *words.clock_units()))


def _query(context: Context, **changes: str | None) -> str:
    """This address with some parameters changed (None removes); always back on the first page."""
    request = context.get("request")
    parameters = request.GET.copy() if isinstance(request, HttpRequest) else None
    if parameters is None:
        return "?" + "&".join(f"{name}={value}" for name, value in changes.items() if value is not None)
    for name in PAGE_PARAMETERS:
        parameters.pop(name, None)
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = value
    return "?" + parameters.urlencode()


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: str | None) -> str:
    """`?...` with the given parameters set (None removes); filters stay, the page position is dropped."""
    return _query(context, **changes)


@register.inclusion_tag("parts/nav_link.html", takes_context=True)
def rail_link(context: Context, place: Place) -> dict[str, Any]:
    """A link of the rail, or nothing where this portal has no such page."""
    address = place.address
    request = context.get("request")
    path = request.path if isinstance(request, HttpRequest) else ""
    inside = bool(address) and any(path.startswith(one) for one in (address, *place.covers) if one != "/")
    counters: Any = _lookup(context.get("portal"), "counters") or {}
    return {
        "href": address,
        "place": place,
        "counter": counters.get(place.counter) if place.counter else None,
        "current": "page" if path == address else "true" if inside else "",
    }


@register.simple_tag
def url_if(name: str, *args: Any) -> str:
    """The address of a URL name, or an empty string where no page has it yet."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_block_tag(takes_context=True)
def live(
    context: Context, content: str, name: str, every: int = 15, now: datetime | None = None, address: str = ""
) -> SafeString:
    """A block that fetches itself again every `every` seconds, from this page or an address; `name` becomes its id."""
    request = context.get("request")
    address = address or (request.get_full_path() if isinstance(request, HttpRequest) else "")
    return render_to_string(
        "parts/live.html",
        {"name": name, "every": every, "now": _now(context, now), "address": address, "content": content},
    )


@register.simple_block_tag(takes_context=True)
def table(
    context: Context,
    content: str,
    columns: Sequence[Mapping[str, Any]],
    caption: str,
    name: str = "table",
    shown: int | None = None,
    total: int | None = None,
    sort: str | None = None,
    picker: bool = True,
) -> SafeString:
    """A table whose rows are the block's content; parts/table.html describes `columns`. `sort` defaults to ?sort=.

    With `picker` and a number of rows, people choose among the columns; the choice stands in the address (`?columns=`).
    """
    request = context.get("request")
    asked = request.GET if isinstance(request, HttpRequest) else QueryDict()
    current = sort if sort is not None else asked.get("sort", "")
    wanted = set(asked.getlist("columns")) if picker else set()
    heads: list[dict[str, Any]] = []
    for place, column in enumerate(columns):
        key = column.get("sort", "")
        ordered = "ascending" if key and current == key else "descending" if key and current == f"-{key}" else ""
        target = f"-{key}" if ordered == "ascending" else key
        known = str(column.get("name") or key or place)
        # What names a row and what acts on it are always shown.
        fixed = place == 0 or column.get("hide_label") or not column.get("label")
        heads.append({**column, "ordered": ordered, "href": _query(context, sort=target) if key else "", "id": known,
                      "fixed": fixed, "hidden": bool(wanted) and known not in wanted and not fixed})  # fmt: skip
    hidden = [place for place, head in enumerate(heads, 1) if head["hidden"]]
    chooses = picker and shown is not None and len(heads) >= LEAST_TO_CHOOSE and isinstance(request, HttpRequest)
    if chooses:
        _add_toggles(asked, heads)
    return render_to_string(
        "parts/table.html",
        {
            "columns": heads,
            "caption": caption,
            "name": name,
            "shown": shown,
            "total": total,
            "content": content,
            "picker": chooses,
            "hidden": hidden,
            "shown_columns": len(heads) - len(hidden),
            "all_url": _query(context, columns=None),
        },
    )


def _add_toggles(asked: QueryDict, heads: list[dict[str, Any]]) -> None:
    """To each column that may be hidden the address that shows it or hides it."""
    shown = [head["id"] for head in heads if not head["hidden"]]
    for head in heads:
        if not head["fixed"]:
            query = asked.copy()
            for name in PAGE_PARAMETERS:
                query.pop(name, None)
            left = [name for name in shown if name != head["id"]]
            query.setlist("columns", [*shown, head["id"]] if head["hidden"] else left)
            head["toggle_url"] = f"?{query.urlencode()}"


@register.inclusion_tag("parts/view_menu.html", takes_context=True)
def view_menu(context: Context) -> dict[str, Any]:
    """The views of the list that this page is, and the form that keeps it as one more."""
    request = context.get("request")
    assert isinstance(request, HttpRequest)
    user = request.user
    return {
        "views": views_on(request.path, user) if isinstance(user, User) else [],
        "here": request.get_full_path(),
        "path": request.path,
        "query": request.GET.urlencode(),
        "person": user,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("parts/api_menu.html", takes_context=True)
def api_menu(context: Context) -> dict[str, Any]:
    """This page for programs, or nothing."""
    request, user = context.get("request"), context.get("user")
    signed_in = isinstance(user, User) and user.is_authenticated
    address = api_address(request) if signed_in and isinstance(request, HttpRequest) else ""
    return {"address": address, "curl": curl_of(address)}
