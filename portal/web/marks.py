"""The small things that pages are full of, as HTML: icons, badges, chips, moments, countdowns.

Made here and kept, not drawn by partials: a list of fifty rows holds hundreds of them. The template tags of `ui` and the cells
of lists both take them from here.
"""

from datetime import datetime
from functools import cache, lru_cache

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.web import words

# These point along the line of reading and turn round in Arabic; checks, clocks and severity shapes do not.
DIRECTIONAL = frozenset({"sync", "arrow", "chevron", "external", "task", "lineage"})
SOON_SECONDS = 3600


@cache
def _sprite() -> str:
    return static("portal/icons.svg")


@lru_cache(512)
def _drawn(name: str, tone: str = "") -> SafeString:
    classes = "icon" + (" icon--flip" if name in DIRECTIONAL else "") + (f" {tone}" if tone else "")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', classes, _sprite(), name)


def icon(name: str, label: str = "", tone: str = "") -> SafeString:
    """A symbol of the sprite; `label` adds hidden text where nothing beside the icon says the same."""
    drawn = _drawn(name, tone)
    return format_html('{}<span class="hide">{}</span>', drawn, label) if label else drawn


@lru_cache(1024)
def _badge(classes: str, shape: str, word: str) -> SafeString:
    return format_html('<span class="{}">{} {}</span>', classes, _drawn(shape), word)


def _badge_of(badge: words.Badge, label: str) -> SafeString:
    return _badge(f"badge badge--{badge.tone}" if badge.tone else "badge", badge.shape, str(label or badge.word))


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


def state(value: str, label: str = "") -> SafeString:
    """The badge of a state (entry, change, incident, task, check, deadline); `label` replaces its word."""
    return _badge_of(words.state_badge(str(value)), label)


def gate(value: str, label: str = "") -> SafeString:
    """The badge of a gate row: ok, risk, blocked or na. Anything else reads as blocked: unknown is not OK."""
    return _badge_of(words.GATES.get(str(value).lower(), words.GATES["blocked"]), label)


def kind(value: str, label: str = "") -> SafeString:
    """The chip of a connector's kind: word, shape and colour."""
    badge = words.KINDS.get(value) or words.state_badge(value)
    return _badge(f"kind kind--{value}", badge.shape, str(label or badge.word))


@lru_cache(1024)
def dots(filled: int, states: tuple[str, ...]) -> SafeString:
    """The completeness meter for rows of a list: the number in words, the segments for the eye only."""
    marks = format_html_join("", '<i class="is-{}"></i>', ((state,) for state in states))
    text = '<span class="dots"><bdi dir="ltr">{}/{}</bdi><span aria-hidden="true">{}</span></span>'
    return format_html(text, filled, len(states), marks)


def _absolute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %z")


def ago(moment: datetime | None, now: datetime) -> SafeString:
    """A moment as people say it (`3m ago`), with the exact one on hover and in print."""
    if moment is None:
        return format_html('<span class="faint">{}</span>', _("never"))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        _absolute(moment),
        words.ago_words(moment, now),
    )


def until(deadline: datetime | None, now: datetime, soon: int = SOON_SECONDS) -> SafeString:
    """A countdown that app.js keeps ticking: `20m left`, then `1h 24m over`.

    `soon` says how many seconds before the deadline it turns amber.
    """
    if deadline is None:
        return format_html('<span class="faint">{}</span>', _("no deadline"))
    left = (deadline - now).total_seconds()
    look = "clock--late" if left < 0 else "clock--soon" if left <= soon else ""
    return format_html(
        '<time class="clock {}" datetime="{}" title="{}" data-deadline="{}" data-soon="{}">{}</time>',
        look,
        deadline.isoformat(),
        _absolute(deadline),
        int(deadline.timestamp() * 1000),
        soon,
        words.deadline_words(deadline, now),
    )
