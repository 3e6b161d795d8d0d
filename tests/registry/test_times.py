"""Days and instants of documents: what is an instant, and what a form may pick without changing what stands there."""

import pytest
from django.http import QueryDict
from rest_framework import serializers

from portal.registry.times import DayField, MomentField, day_of, moment_of, pickable, picked_text
from portal.web.document_form import _control
from portal.web.posted import read


class _Written(serializers.Serializer[None]):
    day = DayField(required=False)
    at = MomentField(required=False)


def control(name: str, text: str) -> dict[str, object]:
    """The control of a field of that text."""
    return _control(_Written().fields[name], text, fixed=False)


@pytest.mark.parametrize("text", ["2026-11-01T00:00:00+03:00", "2026-11-30T23:59:00+03:00"])
def test_an_instant_of_the_zone_of_the_portal_is_picked_and_comes_back_as_it_stood(text: str) -> None:
    node = control("at", text)
    assert (node["control"], node["value"]) == ("datetime-local", text[:16])
    assert "Asia/Riyadh" in str(node["help"])
    assert read(_Written(), QueryDict(f"at={node['value']}"), "") == {"at": text}


@pytest.mark.parametrize(
    "text",
    ["2026-11-01T00:00:00Z", "2026-11-01T00:00:30+03:00", "2026-11-01T00:00:00.5+03:00", "tomorrow", "2026-13-01T00:00:00+03:00"],
)  # fmt: skip
def test_an_instant_that_a_picker_would_change_is_typed(text: str) -> None:
    node = control("at", text)
    assert (node["control"], node["value"]) == ("text", text)
    assert read(_Written(), QueryDict(f"at={text.replace('+', '%2B')}"), "") == {"at": text}


def test_a_field_without_anything_is_picked() -> None:
    assert control("at", "")["control"] == "datetime-local"
    assert control("day", "")["control"] == "date"


def test_a_day_is_picked_unless_there_is_no_such_day() -> None:
    assert (control("day", "2027-01-31")["control"], control("day", "2027-02-31")["control"]) == ("date", "text")
    assert day_of("9999-12-31") is None


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-01T00:00:00", "x" * 41, ""]
)
def test_what_is_no_instant_is_refused_in_words(text: str) -> None:
    written = _Written(data={"at": text})
    assert moment_of(text) is None
    assert not written.is_valid()
    (problem,) = written.errors["at"]
    assert problem.code == ("moment" if text else "blank")


def test_only_what_a_picker_sends_is_given_the_zone_of_the_portal() -> None:
    assert picked_text("2026-11-01T08:30") == "2026-11-01T08:30:00+03:00"
    for text in ("2026-11-01 08:30", "2026-11-01", "2026-11-01T08:30:00Z", "2026-02-31T08:30", "٢٠٢٦-11-01T08:30", ""):
        assert picked_text(text) == text


def test_what_a_picker_sends_at_the_ends_of_time_is_kept_as_it_came() -> None:
    assert moment_of(picked_text("0000-01-01T00:00")) is None
    assert moment_of(picked_text("9999-12-31T23:59")) is None
    assert pickable("9999-12-31T23:59:00+03:00") is None
