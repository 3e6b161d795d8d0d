"""Names and descriptions in Arabic beside those of every entry: kept when filled, shown to readers of Arabic, found by both."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from portal.registry import kinds
from portal.registry.documents import digest
from portal.registry.twins import METRIC_TWINS, TWINS
from portal.search.finding import find
from tests.documents import data_movement_document, runtime_tool_document
from tests.metrics.registering import metric
from tests.people import team
from tests.registering import apply_connector, submitted

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
ARABIC = {"name_ar": "بحث العملاء", "description_ar": "يقرأ بيانات العملاء لموظفي الدعم."}


def page(client: Client, address: str, language: str) -> str:
    client.cookies["language"] = language
    return client.get(address).content.decode()


@pytest.mark.parametrize("kind", [pytest.param(name, id=name) for name in (
    "runtime_tool", "data_movement", "backfill", "event_family", "event_schema", "metric", "dataset", "decision",
    "lineage_choice", "checkpoint", "workflow", "release", "exception", "severity_table", "approval_policy",
)])  # fmt: skip
def test_every_kind_has_twins_in_its_document_and_its_form(kind: str) -> None:
    told = kinds.get(kind)
    twins = METRIC_TWINS if kind == "metric" else TWINS
    fields = told.serializer().fields
    shown = [path for section in told.sections for path in section.paths]
    for name in twins:
        assert not fields[name].required
        assert name in shown


def test_no_kind_is_left_out() -> None:
    told = test_every_kind_has_twins_in_its_document_and_its_form.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {one.values[0] for one in told} == {kind.name for kind in kinds.all_kinds()}


def test_a_document_without_a_twin_is_what_it_was() -> None:
    kind = kinds.get("runtime_tool")
    team("crm-team")
    plain = runtime_tool_document("crm-lookup")
    kept, problems = kind.check(plain)
    empty, others = kind.check(plain | {"name_ar": "", "description_ar": ""})
    assert (problems, others) == ([], [])
    assert kept == empty
    assert not set(kept) & set(TWINS)
    told, _problems = kind.check(plain | ARABIC)
    assert digest(told) != digest(kept)
    assert {name: told[name] for name in TWINS} == ARABIC


@pytest.mark.parametrize(
    ("told", "path", "code"),
    [({"name_ar": "ب" * 121}, "name_ar", "max_length"), ({"description_ar": "ب" * 2001}, "description_ar", "max_length"),
     ({"name_ar": None}, "name_ar", "null"), ({"name_ar": ["بحث"]}, "name_ar", "invalid")],
)  # fmt: skip
def test_a_bad_twin_is_refused_at_its_place(told: dict[str, Any], path: str, code: str) -> None:
    team("crm-team")
    _document, problems = kinds.get("runtime_tool").check(runtime_tool_document("crm-lookup") | told)
    assert [(one.path, one.code) for one in problems] == [(path, code)]


def test_pages_show_the_name_of_the_reader_and_the_other_beside_it(client_of: ClientOf) -> None:
    entry = apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup", **ARABIC}))
    client = client_of("amal")
    for language, name, other in (
        ("en", "Customer lookup", ARABIC["name_ar"]),
        ("ar", ARABIC["name_ar"], "Customer lookup"),
    ):
        told = page(client, entry.get_absolute_url(), language)
        assert f"<bdi>{name}</bdi></h1>" in told
        assert f"<strong>{other}</strong>" in told
        assert ARABIC["description_ar"] in told
        listed = page(client, "/tools/", language)
        assert f"<bdi>{name}</bdi></a>" in listed
        assert other not in listed


def test_versions_of_the_past_have_their_own(client_of: ClientOf) -> None:
    entry = apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup", **ARABIC}))
    first = entry.updated_at.isoformat()
    apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup"}))
    entry.refresh_from_db()
    assert entry.name_ar == ""
    client = client_of("amal")
    assert ARABIC["name_ar"] not in page(client, "/tools/", "ar")
    assert ARABIC["name_ar"] in page(client, f"/tools/?as_of={first.replace('+', '%2B')}", "ar")


def test_what_waits_is_called_as_the_reader_reads(client_of: ClientOf) -> None:
    submitted(data_movement_document("crm-warehouse", {"name": "CRM to warehouse", "name_ar": "من العملاء إلى المخزن"}))
    client = client_of("omar")
    assert "من العملاء إلى المخزن" in page(client, "/approvals/", "ar")
    assert "من العملاء إلى المخزن" not in page(client, "/approvals/", "en")


def test_both_names_are_found(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup", **ARABIC}))
    metric("revenue_sar", name="Revenue", label_ar="الإيرادات المعترف بها")
    for asked, names in {
        "العملاء": ("Customer lookup", ARABIC["name_ar"]), "customer": ("Customer lookup", ARABIC["name_ar"]),
        "ايرادات": ("Revenue", "الإيرادات المعترف بها"),
    }.items():  # fmt: skip
        for language, name in zip(("en", "ar"), names, strict=True):
            with translation.override(language):
                found = [one.title for group in find(asked, most=5).groups for one in group.found if one.kind]
            assert found == [name], (asked, language)
    client = client_of("amal")
    assert "Customer lookup" in page(client, "/tools/?q=العملاء", "en")


def test_the_exact_id_too() -> None:
    entry = apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup", **ARABIC}))
    with translation.override("ar"):
        found = find(entry.human_id, most=5).exact
    assert found is not None
    assert found.title == ARABIC["name_ar"]


def test_an_agent_s_page_names_connectors_so(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document("crm-lookup", {"name": "Customer lookup", **ARABIC}))
    client = client_of("amal")
    assert "<bdi>Customer lookup</bdi></a>" in page(client, "/agents/support-agent/", "en")
    assert f"<bdi>{ARABIC['name_ar']}</bdi></a>" in page(client, "/agents/support-agent/", "ar")
