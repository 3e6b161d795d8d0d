"""Which metrics are told in nearly the same words, in both languages."""

import pytest

from metrics.rules import Named, near, words

REVENUE = Named(
    "revenue_sar", ("Recognized revenue", "الإيرادات المعترف بها"), ("Revenue recognized in the period, in SAR.",)
)


@pytest.mark.parametrize(
    ("other", "part"),
    [
        (Named("sar_revenue", (), ()), "key"),
        (Named("income", ("Revenue, recognized",), ()), "label"),
        (Named("income", ("Recognised", "ايرادات معترف بها"), ()), "label"),
        (Named("income", (), ("The recognized revenues of the period (SAR)",)), "definition"),
    ],
)
def test_the_same_told_otherwise_is_found(other: Named, part: str) -> None:
    assert [(one.key, one.part) for one in near(REVENUE, [other])] == [(other.key, part)]


@pytest.mark.parametrize(
    "other",
    [
        REVENUE,
        Named("pipeline_value_sar", ("Weighted pipeline", "قيمة الفرص"), ("CRM deals by stage probability, in SAR.",)),
        Named("x", ("", ""), ("", "")),
        Named("headcount", ("People",), ("Employees at the end of the month.",)),
    ],
)
def test_itself_and_what_is_another_number_are_not(other: Named) -> None:
    assert near(REVENUE, [other]) == []


def test_words_leave_out_case_marks_articles_and_plurals() -> None:
    assert words("The Leads, of the LEAD") == {"lead"}
    assert words("الإِيرادات") == words("ايرادات")
    assert words("") == words("… the of") == frozenset()
