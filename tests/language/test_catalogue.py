"""The Arabic texts are whole, sound, in the portal's own words, and what is served is what is written."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from django.utils import translation

from portal.language import catalogue
from portal.web import words

# Of the design's glossary: whoever translates one of these alone uses this word.
GLOSSARY = {
    "Overview": "نظرة عامة", "Approvals": "الموافقات", "Incidents": "الحوادث", "SLA watch": "متابعة اتفاقيات الخدمة",
    "Runtime tool": "أداة تشغيل", "Data movement": "نقل بيانات", "Lineage": "تسلسل البيانات", "OK": "سليم", "Risk": "خطر",
    "Blocked": "محجوب", "N/A": "لا ينطبق", "Late": "متأخر", "Due soon": "قريب", "On time": "في الموعد", "Approve": "موافقة",
    "Reject": "رفض", "Owner": "المالك", "Contract": "العقد", "Drift": "انحراف", "Pinned": "مثبّت", "Completeness": "الاكتمال",
    "Runbook": "دليل التشغيل", "Backfill": "إعادة التعبئة", "Acknowledge": "إقرار", "Audit log": "سجل التدقيق", "Gate": "البوابة",
}  # fmt: skip
# Names, and words that people who trace and run things know by nothing else.
NAMES = {"span", "JSON Schema", "Airbyte %(end)s %(image)s.", "Great Expectations"}
TAG = re.compile(r"</?[a-z]+[^>]*>")
ARABIC = re.compile(r"[\u0600-\u06ff]")


def test_every_text_of_the_portal_is_in_the_catalogue_and_no_other() -> None:
    found = {(message.id, message.context) for message in catalogue.extracted() if message.id}
    kept = {(message.id, message.context) for message in catalogue.read("ar") if message.id}
    assert found - kept == set(), "run: make messages, and translate what is new"
    assert kept - found == set(), "run: make messages"
    assert len(kept) > 3_000


def test_no_text_stands_where_it_is_not_gathered() -> None:
    # What stands inside an f-string is no call for those who gather texts.
    wrong = [
        f"{file.relative_to(catalogue.ROOT)}:{call.lineno}"
        for file in catalogue.files_of(".py")
        for text in ast.walk(ast.parse(file.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in catalogue.KEYWORDS
        if isinstance(call.args[0], ast.Constant)
    ]
    assert wrong == []


def test_every_text_is_translated_and_keeps_what_stands_for_values() -> None:
    wrong = [
        f"{message.id!r} {told}"
        for message in catalogue.read("ar")
        if message.id
        for told in catalogue.wrong_with(message)
    ]
    assert wrong == []


def test_a_plural_names_its_values() -> None:
    """A form may leave the number out; a value without a name could not be left out."""
    told = [message.id for message in catalogue.read("ar") if message.pluralizable for text in message.id
            if "%d" in text or "%s" in text or "{}" in text]  # fmt: skip
    assert told == []


def test_marks_and_code_stay_as_they_are() -> None:
    for message in catalogue.read("ar"):
        if not message.id or message.pluralizable:
            continue
        asked, told = str(message.id), str(message.string)
        assert sorted(TAG.findall(asked)) == sorted(TAG.findall(told)), asked
        assert asked.count("`") == told.count("`"), asked
        assert not re.search("[\u0660-\u0669\u06f0-\u06f9]", told), f"other digits: {told}"
        assert not re.search("[\u0621-\u064a]\u0640[\u0621-\u064a]", told), f"a stretched letter: {told}"


def test_nothing_is_left_in_english_that_is_no_name() -> None:
    left = [
        str(message.id)
        for message in catalogue.read("ar")
        if message.id and not message.pluralizable and not ARABIC.search(str(message.string))
        and re.search("[a-z]{4}", catalogue.HOLES.sub("", str(message.id)))
    ]  # fmt: skip
    assert set(left) - NAMES == set()


@pytest.mark.parametrize(("word", "arabic"), GLOSSARY.items())
def test_the_words_of_the_glossary_are_used(word: str, arabic: str) -> None:
    kept = catalogue.read("ar").get(word)
    assert kept is not None, word
    assert kept.string == arabic


def test_what_is_served_is_what_is_written() -> None:
    assert catalogue.path_of("ar", "mo").read_bytes() == catalogue.compiled("ar"), "run: make messages"
    assert catalogue.path_of("ar").read_bytes() == catalogue.text_of(catalogue.merged("ar")), "run: make messages"


def test_the_portal_speaks_it() -> None:
    with translation.override("ar"):
        assert str(words.state_badge("late").word) == "متأخر"
        assert words.span_words(250) == "4د 10ث"


def test_a_text_that_is_new_is_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "templates" / "new.html"
    page.parent.mkdir()
    counted = "{% blocktranslate count n=n %}{{ n }} a{% plural %}{{ n }} b{% endblocktranslate %}"
    page.write_text('{% load i18n %}\n  <p>{% translate "Quite new" %}\n' + counted)
    (tmp_path / "templates" / "code.py").write_text(
        'def f():\n    return _("From code") + pgettext("short day", "d")\n'
    )
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    found = {(message.id, message.context) for message in catalogue.extracted() if message.id}
    assert found == {("Quite new", None), (("%(n)s a", "%(n)s b"), None), ("From code", None), ("d", "short day")}


def test_one_english_text_has_one_arabic_one() -> None:
    told = Counter(str(message.id) for message in catalogue.read("ar") if message.id and not message.context)
    assert [text for text, times in told.items() if times > 1] == []
