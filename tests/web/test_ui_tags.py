"""Template tags: what they draw, and what they refuse to draw."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import path
from django.utils.translation import override

from portal.language.direction import isolated
from portal.web import words
from portal.web.navigation import Place
from portal.web.templatetags.ui import duration

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def page(request: Any) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [path("", page, name="overview"), path("tools/", page, name="tools")]


def draw(text: str, **context: Any) -> str:
    request = RequestFactory().get(context.pop("at", "/"))
    return Template("{% load ui %}" + text).render(Context({"request": request, "portal": {"now": NOW}, **context}))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (45, "45s"),
        (60, "1m"),
        (250, "4m 10s"),
        (1200, "20m"),
        (3600, "1h"),
        (5040, "1h 24m"),
        (183_600, "2d 3h"),
        (-5040, "1h 24m"),
    ],
)
def test_a_span_has_at_most_two_units(seconds: int, expected: str) -> None:
    assert words.span_words(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, ""), (0, "0s"), (0.5, "0.5s"), (2.0, "2s"), (2.25, "2.25s"), (90.5, "1m 30s")]
)
def test_a_length_of_time_in_a_document_keeps_parts_of_a_second(seconds: float | None, told: str) -> None:
    assert duration(seconds) == told


def test_a_deadline_is_text_before_it_is_colour() -> None:
    assert words.deadline_words(NOW + timedelta(minutes=20), NOW) == "20m left"
    assert words.deadline_words(NOW - timedelta(minutes=84), NOW) == "1h 24m over"


def test_until_carries_what_the_ticking_needs() -> None:
    late = draw("{% until when %}", when=NOW - timedelta(minutes=84))
    assert 'class="clock clock--late"' in late
    assert f'data-deadline="{int((NOW - timedelta(minutes=84)).timestamp() * 1000)}"' in late
    assert ">1h 24m over<" in late
    assert "clock--soon" in draw("{% until when %}", when=NOW + timedelta(minutes=20))
    assert 'class="clock "' in draw("{% until when %}", when=NOW + timedelta(days=2))
    assert "no deadline" in draw("{% until when %}", when=None)


def test_ago_counts_from_the_page_and_not_from_a_clock_of_its_own() -> None:
    assert ">12m ago<" in draw("{% ago when %}", when=NOW - timedelta(minutes=12))
    assert ">just now<" in draw("{% ago when %}", when=NOW - timedelta(seconds=2))
    assert ">in 12m<" in draw("{% ago when %}", when=NOW + timedelta(minutes=12))
    assert "never" in draw("{% ago when %}", when=None)


def test_severity_says_shape_word_and_level() -> None:
    drawn = draw('{% severity "V2" %}')
    assert "sev--V2" in drawn
    assert "#v2" in drawn
    assert "Customer-impacting" in drawn
    counted = draw('{% severity "V3" count=2 href="/incidents/" %}')
    assert counted.startswith('<a class="sev sev--V3" href="/incidents/">')


def test_the_two_kinds_never_look_alike() -> None:
    tool, sync = draw('{% kind "runtime_tool" %}'), draw('{% kind "data_movement" %}')
    assert "#plug" in tool
    assert "Runtime tool" in tool
    assert "#sync" in sync
    assert "icon--flip" in sync
    assert "icon--flip" not in tool


def test_an_unknown_gate_value_reads_as_blocked() -> None:
    assert "Blocked" in draw('{% gate "whatever" %}')
    assert "Blocked" in draw('{% gate "" %}')


def test_an_unknown_state_is_shown_plainly_and_escaped() -> None:
    assert "Half done" in draw('{% state "half_done" %}')
    assert "<b>" not in draw("{% state value %}", value="<b>x</b>")


def test_the_meter_counts_weak_as_filled_for_a_draft() -> None:
    segments = [{"label": "A", "state": "filled"}, {"label": "B", "state": "weak"}, {"label": "C", "state": "missing"}]
    drawn = draw("{% meter segments %}", segments=segments)
    assert ">2/3<" in drawn
    assert re.search(r"B:\s*Weak", re.sub(r"<[^>]+>", "", drawn))
    small = draw("{% meter segments small=True %}", segments=segments)
    assert ">2/3<" in small
    assert small.count("<i ") == 3


def test_a_digest_is_short_for_people_and_whole_for_the_clipboard() -> None:
    drawn = draw("{% digest value %}", value="sha256:" + "ab" * 32)
    assert ">abababababab<" in drawn
    assert f'data-copy="sha256:{"ab" * 32}"' in drawn


@pytest.mark.urls(__name__)
def test_the_rail_leaves_out_pages_that_do_not_exist() -> None:
    assert draw("{% rail_link place %}", place=Place("nowhere", "Nowhere", "dot")).strip() == ""
    tools = Place("tools", "Runtime tools", "plug", "t", "waiting")
    here = draw("{% rail_link place %}", at="/tools/", place=tools, portal={"counters": {"waiting": 3}})
    assert 'aria-current="page"' in here
    assert 'data-key="t"' in here
    assert ">3<" in here
    assert 'aria-current="true"' in draw("{% rail_link place %}", at="/tools/crm/", place=tools)
    wide = Place("tools", "Runtime tools", "plug", covers=("/backfills/",))
    assert 'aria-current="true"' in draw("{% rail_link place %}", at="/backfills/b/", place=wide)
    assert "aria-current" not in draw(
        "{% rail_link place %}", at="/tools/", place=Place("overview", "Overview", "home")
    )


def test_query_with_keeps_filters_and_drops_the_place_in_the_list() -> None:
    assert draw("{% query_with sort='name' %}", at="/?owner=rev&after=9&sort=x") == "?owner=rev&amp;sort=name"
    assert draw("{% query_with owner=None %}", at="/?owner=rev&state=active") == "?state=active"


def test_a_table_says_how_it_is_sorted_and_offers_the_other_way() -> None:
    columns = [{"label": "Name", "sort": "name"}, {"label": "Calls", "sort": "calls", "numeric": True}]
    text = '{% table columns caption="Tools" shown=1 total=9 %}<tr><th scope="row">a</th><td>1</td></tr>{% endtable %}'
    drawn = draw(text, columns=columns, at="/?sort=name")
    assert 'aria-sort="ascending"' in drawn
    assert 'href="?sort=-name"' in drawn
    assert 'href="?sort=calls"' in drawn
    assert "1 of 9" in drawn
    assert '<caption class="hide" id="table-caption">Tools</caption>' in drawn
    assert '<th scope="row">a</th>' in drawn


def test_a_live_block_fetches_its_own_page_and_itself_only() -> None:
    drawn = draw('{% live "due" every=5 %}<p>{{ x }}</p>{% endlive %}', at="/tasks/?state=late", x="<i>")
    assert 'id="due"' in drawn
    assert 'hx-get="/tasks/?state=late"' in drawn
    assert 'hx-trigger="every 5s, renew"' in drawn
    assert 'hx-select="#due"' in drawn
    assert "&lt;i&gt;" in drawn
    assert "as of" in drawn


def test_a_repeatable_row_names_its_path_on_its_buttons() -> None:
    node = {
        "type": "rows",
        "id": "id_ops",
        "path": "operations",
        "label": "Operations",
        "items": [{"path": "operations[0]", "label": "Operation 1", "nodes": []}],
    }
    drawn = draw('{% include "parts/form_node.html" with node=node only %}', node=node)
    assert 'name="_add" value="operations"' in drawn
    assert 'name="_remove" value="operations[0]"' in drawn


def test_a_field_points_at_its_help_and_its_error() -> None:
    node = {
        "type": "field",
        "name": "key",
        "id": "id_key",
        "label": "Key",
        "control": "text",
        "value": '"><script>',
        "help": "Small letters.",
        "errors": ["Too long."],
    }
    drawn = draw('{% include "parts/form_node.html" with node=node only %}', node=node)
    assert 'aria-describedby="id_key_help id_key_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert "<script>" not in drawn
    assert "Too long." in drawn


def test_what_stands_in_an_arabic_sentence_is_kept_together() -> None:
    assert isolated("2026-11-27 01:20") == "2026-11-27 01:20"
    with override("ar"):
        assert isolated("2026-11-27 01:20") == "\u20682026-11-27 01:20\u2069"
