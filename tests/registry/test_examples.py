"""What a form shows as an example is of its own kind, and is what the field takes."""

import pytest

from portal.registry import kinds

NAMES = ("key", "name", "description")


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_examples_are_of_the_kind_and_are_taken(kind: kinds.Kind) -> None:
    fields = kind.serializer().fields
    shown = {name: fields[name].style.get("example", "") for name in NAMES if name in fields}
    for name, example in shown.items():
        if example:
            assert fields[name].run_validation(example) == example
    if kind.name != "runtime_tool":
        assert "CRM contacts" not in shown.values()
        assert "crm-contacts" not in shown.values()
