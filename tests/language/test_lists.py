"""Words in a row have the comma of the language."""

from django.template import Context, Template
from django.utils.translation import override

from portal.language.lists import joined
from portal.roles import Permission, who_may


def test_the_comma_is_that_of_the_language() -> None:
    assert joined(["OK", 2]) == "OK, 2"
    with override("ar"):
        assert joined(["OK", 2]) == "OK، 2"
        assert "،" in who_may(Permission.SIGN)
        assert "," not in who_may(Permission.SIGN)


def test_names_in_a_row_keep_their_own_direction_and_no_markup() -> None:
    page = Template("{% load ui %}{{ names|joined }}{% comma %}end")
    assert page.render(Context({"names": ["Omar", "<b>"]})) == "<bdi>Omar</bdi>, <bdi>&lt;b&gt;</bdi>, end"
    with override("ar"):
        assert page.render(Context({"names": ["Omar", "لينا"]})) == "<bdi>Omar</bdi>، <bdi>لينا</bdi>، end"
