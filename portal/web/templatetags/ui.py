"""Template tags of the portal's look.

Each partial under templates/parts/ says in its header what context it takes; templates/style.html shows them all.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.web import words

register = template.Library()

# These point along the line of reading and turn round in Arabic; checks, clocks and severity shapes do not.
DIRECTIONAL = frozenset({"sync", "arrow", "chevron", "external", "task", "lineage"})
PAGE_PARAMETERS = ("page", "cursor", "before", "after")
SOON_SECONDS = 3600


@cache
def _sprite() -> str:
    return static("portal/icons.svg")


@lru_cache(512)
def _drawn(name: str, tone: str = "") -> SafeString:
    classes = "icon" + (" icon--flip" if name in DIRECTIONAL else "") + (f" {tone}" if tone else "")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', classes, _sprite(), name)


@register.simple_tag
def icon(name: str, label: str = "", tone: str = "") -> SafeString:
    """A symbol of the sprite; `label` adds hidden text where nothing beside the icon says the same."""
    drawn = _drawn(name, tone)
    return format_html('{}<span class="hide">{}</span>', drawn, label) if label else drawn


# Badges are made here and kept, not drawn by partials: a list of fifty rows holds hundreds of them.
@lru_cache(1024)
def _badge(classes: str, shape: str, word: str) -> SafeString:
    return format_html('<span class="{}">{} {}</span>', classes, _drawn(shape), word)


@register.simple_tag
def severity(
    level: str, *, solid: bool = False, word: bool = False, count: int | None = None, href: str = ""
) -> SafeString:
    """The badge of V0..V3.

    `word` prints the long word too; `count` makes a counter of it and `href` a link.
    """
    name = words.SEVERITIES.get(level, level)
    classes = f"sev sev--{level}" + (" sev--solid" if solid else "")
    number = "" if count is None else format_html('<span class="num">{}</span>', count)
    look = "" if word else "hide"
    inner = format_html('{} {} <span class="{}">{}</span>{}', _drawn(level.lower()), level, look, name, number)
    if href:
        return format_html('<a class="{}" href="{}">{}</a>', classes, href, inner)
    return format_html('<span class="{}">{}</span>', classes, inner)


@register.simple_tag
def state(value: str, label: str = "") -> SafeString:
    """The badge of a state (entry, change, incident, task, check, deadline); `label` replaces its word."""
    badge = words.state_badge(str(value))
    return _badge(f"badge badge--{badge.tone}" if badge.tone else "badge", badge.shape, str(label or badge.word))


@register.simple_tag
def gate(value: str, label: str = "") -> SafeString:
    """The badge of a gate row: ok, risk, blocked or na. Anything else reads as blocked: unknown is not OK."""
    badge = words.GATES.get(str(value).lower(), words.GATES["blocked"])
    return _badge(f"badge badge--{badge.tone}" if badge.tone else "badge", badge.shape, str(label or badge.word))


@register.simple_tag
def kind(value: str, label: str = "") -> SafeString:
    """The chip of a connector's kind: word, shape and colour."""
    badge = words.KINDS.get(value) or words.state_badge(value)
    return _badge(f"kind kind--{value}", badge.shape, str(label or badge.word))


@register.inclusion_tag("parts/digest.html")
def digest(value: str, *, length: int = 12, copy: bool = True) -> dict[str, Any]:
    """A digest shortened for people, with a button that copies all of it."""
    return {"value": value, "short": value.removeprefix("sha256:")[:length], "copy": copy}


@lru_cache(1024)
def _dots(filled: int, states: tuple[str, ...]) -> SafeString:
    marks = format_html_join("", '<i class="is-{}"></i>', ((state,) for state in states))
    text = '<span class="dots"><bdi dir="ltr">{}/{}</bdi><span aria-hidden="true">{}</span></span>'
    return format_html(text, filled, len(states), marks)


@register.simple_tag
def meter(segments: Iterable[Mapping[str, Any]], *, small: bool = False, label: str = "") -> SafeString:
    """The completeness meter. Each segment: {"label", "state": filled|weak|missing, "href"?}.

    `small` is the one for rows of a list: the number in words, the segments for the eye only.
    """
    listed = list(segments)
    filled = sum(1 for segment in listed if segment["state"] in ("filled", "weak"))
    if small:
        return _dots(filled, tuple(segment["state"] for segment in listed))
    context = {"segments": listed, "filled": filled, "total": len(listed), "label": label}
    return render_to_string("parts/meter.html", context)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as `1h 24m`; nothing for nothing."""
    return "" if seconds is None else words.span_words(float(seconds))


def _now(context: Context, now: datetime | None) -> datetime:
    """The one instant this page was made at, so that all its clocks agree."""
    known: Any = now or _lookup(context.get("portal"), "now")
    return known if isinstance(known, datetime) else timezone.now()


def _lookup(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _absolute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %z")


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """A moment as people say it (`3m ago`), with the exact one on hover and in print."""
    if moment is None:
        return format_html('<span class="faint">{}</span>', _("never"))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        _absolute(moment),
        words.ago_words(moment, _now(context, now)),
    )


@register.simple_tag(takes_context=True)
def until(
    context: Context, deadline: datetime | None, now: datetime | None = None, soon: int = SOON_SECONDS
) -> SafeString | str:
    """A countdown that app.js keeps ticking: `20m left`, then `1h 24m over`.

    `soon` says how many seconds before the deadline it turns amber.
    """
    if deadline is None:
        return format_html('<span class="faint">{}</span>', _("no deadline"))
    here = _now(context, now)
    left = (deadline - here).total_seconds()
    look = "clock--late" if left < 0 else "clock--soon" if left <= soon else ""
    return format_html(
        '<time class="clock {}" datetime="{}" title="{}" data-deadline="{}" data-soon="{}">{}</time>',
        look,
        deadline.isoformat(),
        _absolute(deadline),
        int(deadline.timestamp() * 1000),
        soon,
        words.deadline_words(deadline, here),
    )


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
def nav_link(
    context: Context,
    name: str,
    label: str,
    shape: str = "dot",
    counter: int | None = None,
    key: str = "",
    kind: str = "",
) -> dict[str, Any]:
    """A link of the rail, or nothing while no page has this URL name. `key` is the letter after `g`."""
    try:
        address = reverse(name)
    except NoReverseMatch:
        return {"href": ""}
    request = context.get("request")
    path = request.path if isinstance(request, HttpRequest) else ""
    inside = address != "/" and path.startswith(address)
    return {
        "href": address,
        "label": label,
        "shape": shape,
        "counter": counter,
        "key": key,
        "kind": kind,
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
def live(context: Context, content: str, name: str, every: int = 15, now: datetime | None = None) -> SafeString:
    """A block that fetches itself again from this page every `every` seconds; `name` becomes its id."""
    request = context.get("request")
    address = request.get_full_path() if isinstance(request, HttpRequest) else ""
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
) -> SafeString:
    """A table whose rows are the block's content; parts/table.html describes `columns`. `sort` defaults to ?sort=."""
    request = context.get("request")
    current = sort if sort is not None else request.GET.get("sort", "") if isinstance(request, HttpRequest) else ""
    heads = []
    for column in columns:
        key = column.get("sort", "")
        ordered = "ascending" if key and current == key else "descending" if key and current == f"-{key}" else ""
        target = f"-{key}" if ordered == "ascending" else key
        heads.append({**column, "ordered": ordered, "href": _query(context, sort=target) if key else ""})
    return render_to_string(
        "parts/table.html",
        {
            "columns": heads,
            "caption": caption,
            "name": name,
            "shown": shown,
            "total": total,
            "content": content,
        },
    )
